import { ApplicationFailure, Context } from '@temporalio/activity';
import type { CallbackCause } from '../core/callback.ts';
import { unreachable } from '../core/errors.ts';
import type { TaskId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { RetryPlan } from '../core/retry.ts';
import { type Choice, choiceOf, type TaskShape } from '../core/task-shape.ts';
import { taskActivityType } from '../core/workflow-names.ts';
import { AssetIds } from '../store/asset-ids.ts';
import { KnownAssets } from '../store/known-assets.ts';
import type { RunAttempt } from '../store/runs.ts';
import { MappedItems } from '../store/mapped-items.ts';
import { type EndedTask, failTry, readEnded, Tries } from '../store/task-runs.ts';
import { TemplateIds } from '../store/template-ids.ts';
import type { WorkerDeps } from './deps.ts';
import { failed } from './end-try.ts';
import { type Beat, codeMissingSinceAt, startHeartbeat } from './heartbeat.ts';
import { runTry } from './run-try.ts';
import { stoppingBy } from './stopping.ts';

/** One task of one run, with what its frozen plan says about running it. */
export interface RunTask extends RunAttempt {
  readonly taskId: TaskId;
  /** Which instance of a mapped task; absent of a task that is not mapped. */
  readonly mapIndex?: number;
  /** What a callback is called for. */
  readonly cause?: CallbackCause;
  /** Whether its run is told of tries that fail. */
  readonly tellsRetries?: boolean;
  /** What is special about it; absent of most. */
  readonly shape?: TaskShape;
  readonly needs: readonly TaskId[];
  readonly retries: RetryPlan;
  readonly timeoutMs: number | null;
  /** How long it may take to stop when it is told to; absent is the default. */
  readonly cancelGraceMs?: number;
}

/** How a task ended that did not fail. What it returned is in Postgres. */
export interface TaskResult {
  readonly state: 'success' | 'skipped';
  /** What it decided about those behind it. */
  readonly choice?: Choice;
}

/** How long a task waits for a worker that has its code. */
const codePatienceMs = 10 * 60_000;
const codePauseMs = 5_000;
/** Runs tasks: begins a try, runs the author's code, and records its end together with its asset events. */
export function createRunTask(deps: WorkerDeps): (task: RunTask) => Promise<TaskResult> {
  const assetIds = new AssetIds(deps.db);
  const known = new KnownAssets(deps.db, deps.clock);
  const templateIds = new TemplateIds(deps.db, deps.clock);
  const tries = new Tries(deps.db, deps.identity);
  const items = new MappedItems(deps.db);
  return async (task) => {
    const context = Context.current();
    assertKnown(context, task);
    const code = deps.tasks.findTask(task.dagId, task.taskId);
    if (code === undefined) return withoutCode(deps, tries, context, task);
    const stopHeartbeat = startHeartbeat(context);
    const stopping = stoppingBy(context.cancellationSignal, deps.handBack);
    try {
      const begun = await tries.begin(task);
      const running = { context, stopped: stopping.signal, code, task };
      return begun.kind === 'begun'
        ? await runTry(deps, { assetIds, known, templateIds, items }, { ...running, begun })
        : resultOf(begun, task);
    } finally {
      stopping.close();
      stopHeartbeat();
    }
  };
}

/** What the store has of a task that an earlier try ended: its code does not run again. */
function resultOf(ended: EndedTask, { shape }: RunTask): TaskResult {
  switch (ended.kind) {
    case 'ended':
      if (ended.state === 'failed') throw failed(ended.error ?? 'the task failed');
      return resultOfEnd(ended.state, ended.result, shape);
    case 'run closed':
      throw ApplicationFailure.nonRetryable('the run is closed', 'RunClosed');
    default:
      return unreachable(ended);
  }
}

/** What its run is told of a task that has ended. */
export function resultOfEnd(
  state: TaskResult['state'],
  result: Json,
  shape: TaskShape | undefined,
): TaskResult {
  return { state, ...(state === 'success' ? choiceOf(shape, result) : {}) };
}

/** Refuses what was not scheduled by a run: the type says one task, the arguments another, or there are none. */
function assertKnown({ info }: Context, task: RunTask | undefined): void {
  if (task !== undefined && info.activityType === taskActivityType(task.dagId, task.taskId)) return;
  throw ApplicationFailure.nonRetryable(
    `activity ${info.activityType} is not a task of a run`,
    'UnknownActivity',
  );
}

/** The plan freezes structure, not code: another worker may have it, so the task is handed back, but not for ever. */
async function withoutCode(
  { db, clock }: WorkerDeps,
  tries: Tries,
  context: Context,
  task: RunTask,
): Promise<TaskResult> {
  const stored = await readEnded(db, task);
  if (stored !== undefined) return resultOf(stored, task);
  const { dagId, taskId } = task;
  const message = `this worker has no code for task ${taskId} of DAG ${dagId}`;
  const sinceAt = codeMissingSinceAt(context) ?? clock();
  context.heartbeat({ codeMissingSinceAt: sinceAt } satisfies Beat);
  if (clock() - sinceAt < codePatienceMs) {
    throw ApplicationFailure.create({ message, type: 'TaskCodeMissing', nextRetryDelay: codePauseMs });
  }
  const begun = await tries.begin(task);
  if (begun.kind === 'begun') await failTry(db, { ...task, try: begun.try }, message, true);
  throw failed(`${message}: deploy a worker that has it`);
}
