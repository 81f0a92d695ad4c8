import type { z } from 'zod';

/** One call of the API, as it is documented. */
export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  /** With its parameters in Express's spelling; literal paths come before those with a parameter in the same place. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Whether the body may be left out. */
  readonly isBodyOptional?: true;
  /** `null` where there is no more to say than that it was done. */
  readonly answer: z.ZodType | null;
  /** Headers of the answer that are worth a word. */
  readonly headers?: z.ZodObject;
  /** @defaultValue 200, or 204 without an answer */
  readonly status?: number;
  /** Statuses of failures, beside 500 and 503. */
  readonly failures: readonly number[];
  /** Airflow lacks it, so no client of its expects its kind of 422. */
  readonly isOurs?: true;
}
