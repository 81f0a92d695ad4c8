import { z } from 'zod';
import { Instant } from './scalars.ts';

/** Most times that are told at once. */
const maxTimes = 100;

/** A time of a schedule that is still to come, as Temporal has it. */
export const NextRun = z
  .object({
    logical_date: Instant,
    /** The time before; null where there is none. */
    data_interval_start: Instant.nullable(),
    data_interval_end: Instant,
  })
  .meta({ id: 'NextRun' });
export type NextRun = z.infer<typeof NextRun>;

/** The next times of a schedule, in order; while the DAG is paused they pass without a run. */
export const NextRunCollection = z
  .object({ next_runs: z.array(NextRun), is_paused: z.boolean() })
  .meta({ id: 'NextRunCollection' });
export type NextRunCollection = z.infer<typeof NextRunCollection>;

/** Query of `GET /api/v2/dags/{dag_id}/nextRuns`. */
export const NextRunQuery = z.object({
  limit: z.coerce.number().int().min(1).max(maxTimes).default(1),
});
