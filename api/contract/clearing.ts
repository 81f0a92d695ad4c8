import { z } from 'zod';
import { totalEntries } from './page.ts';
import { Instant, storableText } from './scalars.ts';
import { DagRunState } from './dag-runs.ts';
import { TaskInstance } from './task-instances.ts';

/** Fields of Airflow's that mean several runs, or what Tidegate does not do: they may only say what it does. */
const alwaysFalse = z.literal(false).default(false);

const asked = {
  /** Only says what would run again. */
  dry_run: z.boolean().default(true),
  /** Attempt that was seen: with it, a request that comes twice runs nothing twice. */
  attempt: z.int().positive().optional(),
  /** Who asks; kept with the attempt. */
  who: storableText(250).min(1).default('api'),
  /** A run executes its own plan. */
  run_on_latest_version: alwaysFalse,
};

/** A task, or one instance of a mapped task. */
const NamedTask = z.union([z.string(), z.tuple([z.string(), z.int().min(0)])], {
  error: 'a task id is expected, or [task id, map index] for one instance of a mapped task',
});

/** Body of `POST /api/v2/dags/{dag_id}/clearTaskInstances`. */
export const ClearTaskInstances = z
  .strictObject({
    ...asked,
    dag_run_id: z.string(),
    /** Tasks, or single instances of mapped tasks as `[task id, map index]`; all tasks when missing. */
    task_ids: z.array(NamedTask).max(10_000).nullish(),
    include_downstream: z.boolean().default(false),
    include_upstream: z.boolean().default(false),
    /** Only what failed, could not start because of that, or was never come to; of a task that is named, also failed instances that it tolerates. */
    only_failed: z.boolean().default(true),
    only_running: alwaysFalse,
    include_future: alwaysFalse,
    include_past: alwaysFalse,
    /** It is always so: the run must have ended. */
    prevent_running_task: z.boolean().default(true),
    /** The run runs again. */
    reset_dag_runs: z.literal(true).default(true),
    start_date: z.null().optional(),
    end_date: z.null().optional(),
  })
  .meta({ id: 'ClearTaskInstances' });
export type ClearTaskInstances = z.input<typeof ClearTaskInstances>;

/** Body of `POST …/dagRuns/{dag_run_id}/clear`. */
export const ClearDagRun = z
  .strictObject({ ...asked, only_failed: z.boolean().default(false) })
  .meta({ id: 'ClearDagRun' });
export type ClearDagRun = z.input<typeof ClearDagRun>;

/** Tasks that run again, as they were before. */
export const ClearedTaskInstances = z
  .object({
    /** A mapped task as a whole where all its instances run again, else each instance that does; of those at most 1,000. */
    task_instances: z.array(TaskInstance),
    total_entries: totalEntries,
    /** Those that keep their ends and results. */
    kept_task_ids: z.array(z.string()),
    /** Attempt in which they run again. */
    attempt: z.int(),
  })
  .meta({ id: 'ClearedTaskInstances' });
export type ClearedTaskInstances = z.infer<typeof ClearedTaskInstances>;

/** What somebody said by hand. */
const Mark = z.object({
  /** Null where it is about the run. */
  task_id: z.string().nullable(),
  /** Which instance of a mapped task; null where it is about the task as a whole. */
  map_index: z.int().nullable(),
  who: z.string(),
  at: Instant,
  /** State before; null of a task that was never come to. */
  was: z.string().nullable(),
  was_reason: z.string().nullable(),
  became: z.enum(['success', 'failed', 'skipped']),
  note: z.string().nullable(),
});

/** One attempt of a run. */
export const DagRunAttempt = z
  .object({
    attempt: z.int(),
    state: DagRunState,
    state_reason: z.string().nullable(),
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    /** Why there is one behind the first, who asked for it and when; null of the first. */
    why: z.enum(['clear', 'retry', 're-run']).nullable(),
    who: z.string().nullable(),
    asked_at: Instant.nullable(),
    /** Tasks that run in it; null of the first, in which all do. */
    task_ids: z.array(z.string()).nullable(),
    temporal_workflow_id: z.string(),
    marks: z.array(Mark),
  })
  .meta({ id: 'DagRunAttempt' });
export type DagRunAttempt = z.infer<typeof DagRunAttempt>;

/** Every attempt of a run, the first one first. */
export const DagRunAttemptCollection = z
  .object({ attempts: z.array(DagRunAttempt), total_entries: totalEntries })
  .meta({ id: 'DagRunAttemptCollection' });
export type DagRunAttemptCollection = z.infer<typeof DagRunAttemptCollection>;
