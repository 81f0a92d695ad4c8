import { z } from 'zod';
import { DagVersion } from './dags.ts';
import { limitParameter, offsetParameter, totalEntries } from './page.ts';
import { Flag, Instant, MapIndex, WholeNumber } from './scalars.ts';

/** State of a task in a run; `queued` waits for a pool, null has not started. */
export const TaskInstanceState = z.enum([
  'queued',
  'running',
  'up_for_retry',
  'up_for_reschedule',
  'success',
  'failed',
  'skipped',
  'upstream_failed',
]);
export type TaskInstanceState = z.infer<typeof TaskInstanceState>;

/** How many instances of a mapped task are in which state; those that have not been come to are not counted. */
export const InstanceCounts = z.partialRecord(TaskInstanceState, z.int()).meta({ id: 'InstanceCounts' });
export type InstanceCounts = z.infer<typeof InstanceCounts>;

/** One task of one run, at its latest try; a mapped task as a whole, or one instance of it. */
export const TaskInstance = z
  .object({
    /** Made of run and task: `<dag_id>/<dag_run_id>/<task_id>`, and of an instance `/<map_index>`. */
    id: z.string(),
    task_id: z.string(),
    dag_id: z.string(),
    dag_run_id: z.string(),
    /** Which instance of a mapped task; -1 of a task as a whole. */
    map_index: z.int(),
    logical_date: Instant.nullable(),
    run_after: Instant,
    start_date: Instant.nullable(),
    end_date: Instant.nullable(),
    /** Seconds from the start of the first try to the end of the last. */
    duration: z.number().nullable(),
    state: TaskInstanceState.nullable(),
    try_number: z.int(),
    max_tries: z.int(),
    task_display_name: z.string(),
    dag_display_name: z.string(),
    /** Worker that has or had the latest try. */
    hostname: z.string().nullable(),
    unixname: z.null(),
    /** Pool it takes slots of, `default_pool` where it takes none, and how many. */
    pool: z.string(),
    pool_slots: z.int(),
    /** Of one that is queued, what keeps it back, as of now: how much is held, and how many asked before. */
    waits_for: z.string().nullable(),
    queue: z.string().nullable(),
    priority_weight: z.null(),
    operator: z.null(),
    operator_name: z.null(),
    queued_when: z.null(),
    scheduled_when: z.null(),
    pid: z.null(),
    executor: z.null(),
    executor_config: z.string(),
    note: z.null(),
    rendered_map_index: z.null(),
    rendered_fields: z.object({}),
    trigger: z.null(),
    triggerer_job: z.null(),
    dag_version: DagVersion.nullable(),
    /** How far the latest try says it is, from 0 to 1, and in words; null where it says nothing. */
    progress: z.number().nullable(),
    progress_note: z.string().nullable(),
    /** Why the latest try did not succeed. */
    error: z.string().nullable(),
    /** Of a mapped task as a whole; null of any other, and of instances. */
    instances: InstanceCounts.nullable(),
    /** Attempt of the run in which it ran: an earlier one where it kept its end. */
    attempt: z.int(),
    /** Whether somebody gave it its state by hand. */
    is_marked: z.boolean(),
  })
  .meta({ id: 'TaskInstance' });
export type TaskInstance = z.infer<typeof TaskInstance>;

/** A page of the tasks of a run. */
export const TaskInstanceCollection = z
  .object({ task_instances: z.array(TaskInstance), total_entries: totalEntries })
  .meta({
    id: 'TaskInstanceCollection',
  });
export type TaskInstanceCollection = z.infer<typeof TaskInstanceCollection>;

/** Query of `GET …/taskInstances`; tasks come in the order of the plan. */
export const TaskInstanceQuery = z.object({ limit: limitParameter, offset: offsetParameter });

/** One line of a task's log; the fields it was logged with stand beside these. */
export const LogMessage = z
  .looseObject({ timestamp: Instant, level: z.enum(['debug', 'info', 'warn', 'error']), event: z.string() })
  .meta({ id: 'LogMessage' });
export type LogMessage = z.infer<typeof LogMessage>;

/** Answer of `GET …/logs/{try_number}`; with `Accept: application/x-ndjson` the lines come as JSON lines instead. */
export const TaskLogs = z
  .object({
    content: z.array(LogMessage),
    /** Give it back as `token` for what follows; null at the end of a try that is over. */
    continuation_token: z.string().nullable(),
  })
  .meta({ id: 'TaskLogs' });
export type TaskLogs = z.infer<typeof TaskLogs>;

/** Query of `GET …/logs/{try_number}`. */
export const TaskLogQuery = z.object({
  token: WholeNumber.optional().meta({ type: 'string' }),
  /** Answers with everything from `token` on instead of up to 1,000 lines. */
  full_content: Flag.default(false).meta({ type: 'boolean', default: false }),
  /** Which instance of a mapped task. @defaultValue -1, which is a task that is not mapped */
  map_index: MapIndex.default(-1).meta({ type: 'integer', default: -1 }),
  /** Attempt of the run. @defaultValue the latest in which the task ran */
  attempt: WholeNumber.optional(),
});
