import { z } from 'zod';
import { Instant, InstantInput } from './scalars.ts';

/** Body of `POST /api/v2/dags/{dag_id}/backtest`. */
export const CreateBacktest = z
  .strictObject({
    since: InstantInput,
    /** @defaultValue now */
    until: InstantInput.optional(),
    /**
     * Played instead of the DAG's own: a condition as scenarios of the simulator write it, an asset by its name or URI, a list, `{"all": […]}`,
     * `{"any": […]}`, `{"atLeast": n, "of": […]}`, `{"alias": …}`, or null for nothing. What it means is judged when it is read.
     */
    schedule: z.unknown().optional(),
  })
  .meta({ id: 'CreateBacktest' });
export type CreateBacktest = z.input<typeof CreateBacktest>;

/** A run that a schedule would have started, or that one started. */
export const BacktestRun = z
  .object({
    /** The same where it would have been, or is, the same run: its newest event is. */
    dag_run_id: z.string(),
    at: Instant,
    partition_key: z.string().nullable(),
    event_count: z.int(),
    /** What it consumed, in order; the first 20. */
    events: z.array(z.object({ id: z.int(), name: z.string() })),
    ticks: z.array(Instant),
    missing: z.array(z.string()),
  })
  .meta({ id: 'BacktestRun' });
export type BacktestRun = z.infer<typeof BacktestRun>;

/** Answer of `POST /api/v2/dags/{dag_id}/backtest`. */
export const Backtest = z
  .object({
    dag_id: z.string(),
    since: Instant,
    until: Instant,
    /** Events that were played. */
    event_count: z.int(),
    /** What the schedule would have started, in order. */
    simulated: z.array(BacktestRun),
    /** What was started by events, by times that waited for them, and by deadlines. */
    happened: z.array(BacktestRun),
    /** Runs that are in both, with the same events. */
    agreed: z.int(),
    /** What it would wait for in the end. */
    sentence: z.string(),
    /** What is not as it was, or not known: sentences. */
    assumptions: z.array(z.string()),
  })
  .meta({ id: 'Backtest' });
export type Backtest = z.infer<typeof Backtest>;
