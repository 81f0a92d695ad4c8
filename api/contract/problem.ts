import { z } from 'zod';
import { errorCodes } from '../../core/errors.ts';

/** Failures that only HTTP knows, beside the codes of `core/errors.ts`. */
export const httpCodes = [
  'malformed_request',
  'cross_site_request',
  'body_too_large',
  'unsupported_media_type',
  'unknown_path',
  'method_not_allowed',
  'several_producers',
  'nothing_queued',
  'not_ready',
  'internal_error',
] as const;

/** One thing wrong with a request, in the shape Airflow's clients read. */
export const ValidationIssue = z
  .object({
    /** Where it is: `body`, `query` or `path`, then the way to the value. */
    loc: z.array(z.union([z.string(), z.int()])),
    msg: z.string(),
    type: z.string(),
  })
  .meta({ id: 'ValidationIssue' });
export type ValidationIssue = z.infer<typeof ValidationIssue>;

/** Every failure over HTTP (RFC 9457, `application/problem+json`). */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    /** One sentence that names the value and the remedy; the list of issues where Airflow answers with one. */
    detail: z.union([z.string(), z.array(ValidationIssue)]),
    /** Path of the request. */
    instance: z.string(),
    code: z.enum([...errorCodes, ...httpCodes]),
    /** What is wrong with a request that was refused as a whole (422). */
    errors: z.array(ValidationIssue).optional(),
    /** Names an unexpected failure in the log of the API. */
    error_id: z.string().optional(),
    /** What keeps the API from being ready. */
    reasons: z.array(z.string()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
