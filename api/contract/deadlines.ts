import { z } from 'zod';
import { limitParameter, offsetParameter, totalEntries } from './page.ts';
import { Instant } from './scalars.ts';

/**
 * What became of a deadline. `run`, `skip` and `alert`: something was missing. `met`: a run by events had begun, or was about to. `paused`: the DAG
 * was. `passed`: a later one was decided first. `removed`: the DAG has none any more.
 */
export const DeadlineOutcome = z.enum(['met', 'run', 'skip', 'alert', 'paused', 'passed', 'removed']);

/** A deadline of a DAG that came. */
export const Deadline = z
  .object({
    due: Instant,
    /** null until it is decided. */
    outcome: DeadlineOutcome.nullable(),
    /** The run it started. */
    dag_run_id: z.string().nullable(),
    /** Names of what was missing. */
    missing: z.array(z.string()),
    decided_at: Instant.nullable(),
  })
  .meta({ id: 'Deadline' });
export type Deadline = z.infer<typeof Deadline>;

/** A page of deadlines, newest first. */
export const DeadlineCollection = z
  .object({ deadlines: z.array(Deadline), total_entries: totalEntries })
  .meta({ id: 'DeadlineCollection' });
export type DeadlineCollection = z.infer<typeof DeadlineCollection>;

/** Query of `GET /api/v2/dags/{dag_id}/deadlines`. */
export const DeadlineQuery = z.object({ limit: limitParameter, offset: offsetParameter });
