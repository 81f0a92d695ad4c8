import { slotsOf } from '../../core/pool.ts';
import { whyWaiting } from '../../core/pool-waiting.ts';
import type { TaskPlan } from '../../core/run-plan.ts';
import { endOfInstances } from '../../core/task-shape.ts';
import type { WaitRecord } from '../../store/pool-queries.ts';
import { isEnd } from '../../store/ended-tasks.ts';
import type { RunRecord } from '../../store/run-queries.ts';
import type { InstanceCount, ListedTaskRun, TriedTasks } from '../../store/task-queries.ts';
import type { LogLine } from '../../store/task-logs.ts';
import type {
  InstanceCounts,
  LogMessage,
  TaskInstance,
  TaskInstanceState,
} from '../contract/task-instances.ts';
import { toRunAfter } from './dag-runs.ts';
import { toDagVersion } from './dags.ts';
import { secondsBetween, toInstant, toOptionalInstant } from './instants.ts';

/** A task of a run; `tried` is missing until it starts. */
export function toTaskInstance(
  run: RunRecord,
  task: TaskPlan,
  tried: ListedTaskRun | undefined,
  wait?: WaitRecord,
  mapIndex = tried?.map_index ?? -1,
): TaskInstance {
  const { version, version_created_at } = run;
  return {
    id: `${run.dag_id}/${run.run_id}/${task.id}${mapIndex === -1 ? '' : `/${mapIndex}`}`,
    task_id: task.id,
    dag_id: run.dag_id,
    dag_run_id: run.run_id,
    map_index: mapIndex,
    logical_date: toOptionalInstant(run.logical_at),
    run_after: toRunAfter(run),
    start_date: toOptionalInstant(tried?.started_at ?? null),
    end_date: toOptionalInstant(tried?.ended_at ?? null),
    duration: secondsBetween(tried?.started_at ?? null, tried?.ended_at ?? null),
    state: tried?.state ?? (wait === undefined ? null : 'queued'),
    try_number: tried?.try ?? 0,
    max_tries: task.retries.max,
    task_display_name: task.id,
    dag_display_name: run.dag_id,
    hostname: tried?.worker ?? null,
    unixname: null,
    pool: task.pool?.name ?? 'default_pool',
    pool_slots: task.pool === undefined ? 1 : slotsOf(task.pool),
    waits_for: wait === undefined || tried !== undefined ? null : whyWaiting(wait),
    queue: task.taskQueue,
    priority_weight: null,
    operator: null,
    operator_name: null,
    queued_when: null,
    scheduled_when: null,
    pid: null,
    executor: null,
    executor_config: '{}',
    note: null,
    rendered_map_index: null,
    rendered_fields: {},
    trigger: null,
    triggerer_job: null,
    dag_version:
      version === null || version_created_at === null
        ? null
        : toDagVersion(run.dag_id, version, version_created_at),
    progress: tried?.progress ?? null,
    progress_note: tried?.progress_note ?? null,
    error: tried?.error ?? null,
    instances: null,
    attempt: tried?.ran_in ?? run.attempt,
    is_marked: tried?.is_marked ?? false,
  };
}

/** Some instances of a mapped task, also those that have no row yet. */
export function toInstances(
  run: RunRecord,
  task: TaskPlan,
  indexes: readonly number[],
  rows: readonly ListedTaskRun[],
): readonly TaskInstance[] {
  const byIndex = new Map(rows.map((row) => [row.map_index, row]));
  return indexes.map((index) => toTaskInstance(run, task, byIndex.get(index), undefined, index));
}

/** What is known of the tasks of a run. */
interface KnownTasks extends TriedTasks {
  /** Those that wait for slots of pools. */
  readonly waits?: readonly WaitRecord[];
}

/** Tasks of a run: of a mapped one its instances tell, as soon as it has any. */
export function toTaskInstances(
  run: RunRecord,
  tasks: readonly TaskPlan[],
  { tried, instances, waits = [] }: KnownTasks,
): readonly TaskInstance[] {
  const byTask = new Map(tried.map((row) => [row.task_id, row]));
  return tasks.map((task) => {
    const counts = instances.filter(({ task_id }) => task_id === task.id);
    const wait = waits.find(({ taskId }) => taskId === task.id);
    return counts.length > 0 || (wait !== undefined && task.shape?.kind === 'mapped')
      ? toMappedTask(run, task, counts, wait)
      : toTaskInstance(run, task, byTask.get(task.id), wait);
  });
}

/** A mapped task as a whole: while it goes on, its state is the one that says most about its instances. */
function toMappedTask(
  run: RunRecord,
  task: TaskPlan,
  counts: readonly InstanceCount[],
  wait?: WaitRecord,
): TaskInstance {
  const instances: InstanceCounts = {
    ...Object.fromEntries(counts.map(({ state, count }) => [state, count])),
    ...(wait === undefined ? {} : { queued: wait.count }),
  };
  const isOver = wait === undefined && counts.every(({ state }) => isEnd(state));
  const { success = 0, failed = 0, skipped = 0 } = instances;
  const state = isOver
    ? endOfInstances({ success, failed, skipped }, task.shape)
    : (statesByWeight.find((one) => instances[one] !== undefined) ?? null);
  const startedAt = edge(counts, 'started_at', Math.min);
  const endedAt = isOver ? edge(counts, 'ended_at', Math.max) : null;
  return {
    ...toTaskInstance(run, task, undefined, wait),
    ...{ start_date: toOptionalInstant(startedAt), end_date: toOptionalInstant(endedAt) },
    duration: secondsBetween(startedAt, endedAt),
    ...{ state, instances },
  };
}

const statesByWeight: readonly TaskInstanceState[] = [
  ...(['running', 'up_for_retry', 'up_for_reschedule', 'queued', 'failed', 'success', 'skipped'] as const),
];

function edge(
  counts: readonly InstanceCount[],
  field: 'started_at' | 'ended_at',
  outermost: (...times: readonly number[]) => number,
): Date | null {
  const times = counts.flatMap((count) => count[field]?.getTime() ?? []);
  return times.length === 0 ? null : new Date(outermost(...times));
}

/** A line of a log; what it was logged with never hides time, level and message. */
export function toLogMessage({ at, level, message, fields }: LogLine): LogMessage {
  return { ...fields, timestamp: toInstant(at), level, event: message };
}
