import type { CallbackPlan } from './callback.ts';
import type { Catchup } from './catch-up.ts';
import type { AssetRef } from './asset-uri.ts';
import type { Condition } from './condition.ts';
import type { OnMissing } from './deadline.ts';
import type { Settle } from './gate.ts';
import type { DagId, TaskId } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { Partitions } from './judge.ts';
import type { PoolUse } from './pool.ts';
import type { QueueLimit } from './queue-limit.ts';
import type { RetryPlan } from './retry.ts';
import type { SingleFlight } from './single-flight.ts';
import type { Source } from './source.ts';
import type { TaskPriority } from './task-priority.ts';
import type { TaskShape } from './task-shape.ts';
import { judgeTask, type TriggerRule, type Verdict } from './trigger-rule.ts';

/** One task of a plan: its structure, never its code. */
export interface TaskPlan {
  readonly id: TaskId;
  readonly needs: readonly TaskId[];
  readonly triggerRule: TriggerRule;
  readonly retries: RetryPlan;
  /** Longest one try may take; `null` is no limit. */
  readonly timeoutMs: number | null;
  /** Longest one try may wait for a worker to take it; absent is no limit. */
  readonly startTimeoutMs?: number;
  /** How long a silent worker is waited for before the try is given to another. */
  readonly heartbeatTimeoutMs: number;
  /** How long it may take to stop when its run is told to; absent is as long as workers give by themselves. */
  readonly cancelGraceMs?: number;
  /** Task queue whose workers run it; `null` is the project's own. */
  readonly taskQueue: string | null;
  /** When it goes among the tasks that wait for a worker; absent is as all others. */
  readonly priority?: TaskPriority;
  /** What it holds of a pool while it runs; absent is nothing. */
  readonly pool?: PoolUse;
  readonly outlets: readonly Source[];
  readonly inlets: readonly Source[];
  /** Absent is a task that runs once, and whatever it returns is its result. */
  readonly shape?: TaskShape;
  /** Set-up tasks that it tears down: it runs once they succeeded and all it needs has ended, however that ended. */
  readonly teardownOf?: readonly TaskId[];
  /** Path of the group it was defined in, which its id begins with. */
  readonly group?: string;
}

/** An asset that a run as a whole updates, with the extra of that event. */
export interface DagOutlet {
  readonly asset: AssetRef;
  readonly extra: JsonObject;
}

/** What one run executes, frozen when the run opens. Tasks are in an order in which each comes after those it needs. */
export interface RunPlan {
  readonly tasks: readonly TaskPlan[];
  /** Absent means none. */
  readonly outlets?: readonly DagOutlet[];
  /** Most tasks of it that are under way at a time; absent is as many as a run has pending at most. */
  readonly maxActiveTasks?: number;
  /** What it holds of a pool from before its first task to its end; absent is nothing. */
  readonly pool?: PoolUse;
  /** Longest it may take from its start; absent is no limit. */
  readonly timeoutMs?: number;
  /** Absent means none. */
  readonly callbacks?: readonly CallbackPlan[];
}

export interface CronPlan {
  readonly expression: string;
  readonly timezone: string;
}

/** Times by which a DAG has to have run, and what happens when it has not. */
export interface DeadlinePlan {
  readonly cron: CronPlan;
  readonly onMissing: OnMissing;
}

/** A DAG as it is deployed: plain JSON, compared by its hash, kept for ever. */
export interface DagPlan {
  readonly dagId: DagId;
  readonly description: string;
  readonly tags: readonly string[];
  /** Where it was defined, relative to the project. */
  readonly file: string;
  /** No tick before it; `null` is from the deploy on. */
  readonly startAt: number | null;
  /** No tick behind it; absent is without end. */
  readonly endAt?: number;
  /** Which times that passed without a run still get one; absent is none. */
  readonly catchup?: Catchup;
  readonly condition: Condition<Source> | null;
  /** How long a run waits for more once its condition is met; absent is not at all. */
  readonly settle?: Settle;
  /** Events a run takes, if its condition needs no more; absent is all that is queued. */
  readonly takes?: number;
  /** What events of partitions mean; absent is nothing. */
  readonly partitions?: Partitions;
  readonly cron: CronPlan | null;
  /** When a run is due, whether or not all is there; absent is never. */
  readonly deadline?: DeadlinePlan;
  /** Whether runs by time and by hand consume what is queued when they are let in. */
  readonly requestedRunsConsume: boolean;
  /** Whether runs by time wait until the condition is met, and consume; events then start nothing by themselves. Absent is no. */
  readonly ticksWait?: true;
  readonly maxActiveRuns: number;
  /** How many requested runs may wait for a slot; absent is any number. */
  readonly maxQueuedRuns?: QueueLimit;
  /** Of which runs only one goes on at a time; absent is of none. */
  readonly singleFlight?: SingleFlight;
  readonly whilePaused: WhilePaused;
  readonly startFrom: StartFrom;
  /** JSON Schema of `conf`; `null` accepts any object. */
  readonly paramsSchema: JsonObject | null;
  readonly run: RunPlan;
}

/** What becomes of events that come while a DAG is paused: they queue, or no run ever consumes them. */
export type WhilePaused = 'keep' | 'ignore';

/** Where a new consumer begins: what is older than this its first run does not list. A time is in epoch milliseconds. */
export type StartFrom = 'now' | 'earliest' | number;

export const defaultMaxActiveRuns = 16;
export const maxTasks = 1_000;
/** Most activities one run has pending at a time. */
export const maxPendingTasks = 500;

/** How a task ended. */
export type TaskEnd = 'success' | 'failed' | 'skipped' | 'upstream_failed';
export type TaskEnds = Readonly<Record<TaskId, TaskEnd>>;

/** What may start now, and which tasks end without starting. */
export interface Step {
  readonly ready: readonly TaskId[];
  readonly settled: TaskEnds;
}

/** How a task ended; `undefined` while it has not, whatever its id is. */
export function endOf(ends: TaskEnds, id: TaskId): TaskEnd | undefined {
  return Object.hasOwn(ends, id) ? ends[id] : undefined;
}

/** What follows from how tasks ended so far; `ready` includes tasks that were started before. */
export function step({ tasks }: RunPlan, ended: TaskEnds): Step {
  const ends: Record<TaskId, TaskEnd> = { ...ended };
  const settled: Record<TaskId, TaskEnd> = {};
  const ready: TaskId[] = [];
  for (const task of tasks) {
    if (endOf(ends, task.id) !== undefined) continue;
    const verdict = judge(task, ends);
    if (verdict === 'start') ready.push(task.id);
    else if (verdict !== 'wait') ends[task.id] = settled[task.id] = verdict;
  }
  return { ready, settled };
}

function judge({ needs, triggerRule, teardownOf }: TaskPlan, ends: TaskEnds): Verdict {
  const upstream = needs.map((id) => endOf(ends, id));
  if (teardownOf !== undefined) {
    if (upstream.includes(undefined)) return 'wait';
    return judgeTask(
      'all_success',
      teardownOf.map((id) => endOf(ends, id)),
    );
  }
  return upstream.length === 0 ? 'start' : judgeTask(triggerRule, upstream);
}

/** Tear-downs that are still owed once a run was stopped: what they tear down was set up. */
export function owedTeardowns({ tasks }: RunPlan, ends: TaskEnds): readonly TaskPlan[] {
  return tasks.filter(
    ({ id, teardownOf }) =>
      endOf(ends, id) === undefined &&
      teardownOf?.every((setUp) => endOf(ends, setUp) === 'success') === true,
  );
}

/** A run fails when a task that nothing needs failed or could not start, as in Airflow; tear-downs do not count. */
export function outcomeOf({ tasks: all }: RunPlan, ended: TaskEnds): 'success' | 'failed' {
  const tasks = all.filter(({ teardownOf }) => teardownOf === undefined);
  const needed = new Set(tasks.flatMap((task) => task.needs));
  const last = tasks.filter((task) => !needed.has(task.id));
  const isFine = (end: TaskEnd | undefined): boolean => end === 'success' || end === 'skipped';
  return last.every(({ id }) => isFine(endOf(ended, id))) ? 'success' : 'failed';
}

/** Tasks that failed themselves, in the order of the plan; how a tear-down ends does not count. */
export function failedTasks({ tasks }: RunPlan, ends: TaskEnds): readonly TaskId[] {
  return tasks
    .filter(({ id, teardownOf }) => teardownOf === undefined && endOf(ends, id) === 'failed')
    .map(({ id }) => id);
}

/** What a run that ended updates as a whole: nothing when it failed, nor when no task of it did anything. */
export function updatedBy(
  { outlets = [] }: RunPlan,
  state: 'success' | 'failed',
  ends: TaskEnds,
): readonly DagOutlet[] {
  return state === 'success' && Object.values(ends).includes('success') ? outlets : [];
}
