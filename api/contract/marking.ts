import { z } from 'zod';
import { storableText } from './scalars.ts';

const asked = {
  note: storableText(1_000).nullish(),
  /** Who says so; kept with it. */
  who: storableText(250).min(1).default('api'),
};

/** Body of `PATCH …/dagRuns/{dag_run_id}`: a state by hand, a note, or both. To run it again, clear it. */
export const PatchDagRun = z
  .strictObject({ ...asked, state: z.enum(['success', 'failed']).nullish() })
  .refine(({ state, note }) => (state ?? null) !== null || note !== undefined, {
    error: 'state, note or both are expected',
  })
  .meta({ id: 'PatchDagRun' });
export type PatchDagRun = z.input<typeof PatchDagRun>;

/** Airflow's fields that mean several tasks or runs: they may only say what Tidegate does. */
const alwaysFalse = z.literal(false).default(false);

/** Body of `PATCH …/taskInstances/{task_id}`. */
export const PatchTaskInstance = z
  .strictObject({
    ...asked,
    new_state: z.enum(['success', 'failed', 'skipped']),
    include_upstream: alwaysFalse,
    include_downstream: alwaysFalse,
    include_future: alwaysFalse,
    include_past: alwaysFalse,
  })
  .meta({ id: 'PatchTaskInstance' });
export type PatchTaskInstance = z.input<typeof PatchTaskInstance>;
