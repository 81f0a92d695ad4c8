import type { JsonObject } from '../../core/json.ts';
import { type DagDefinition, TaskSkipped } from '../../sdk/index.ts';
import { type StartOptions, startTidegate, type Tidegate } from './tidegate.ts';

/** A Tidegate whose DAGs are run by hand, one run after the other. */
export interface Runs {
  readonly tidegate: Tidegate;
  /** Runs a DAG to its end. */
  runOf(dagId: string, conf?: JsonObject): Promise<FinishedRun>;
  /** The same for a DAG of one task. */
  taskOf(dagId: string, conf?: JsonObject): Promise<FinishedTask>;
  /** Runs of any DAG that are still open. */
  open(): Promise<readonly string[]>;
}

type RunRow = Awaited<ReturnType<Tidegate['closed']>>;
type TaskRow = Awaited<ReturnType<Tidegate['tasksOf']>>[number];

export interface FinishedRun {
  readonly run: RunRow;
  readonly tasks: readonly TaskRow[];
  /** Of its tasks, by their ids. */
  readonly states: Readonly<Record<string, string>>;
}

export interface FinishedTask {
  readonly run: RunRow;
  readonly task: TaskRow | undefined;
}

export async function startRuns(dags: readonly DagDefinition[], options?: StartOptions): Promise<Runs> {
  const tidegate = await startTidegate(dags, options);
  const runOf = async (dagId: string, conf?: JsonObject): Promise<FinishedRun> => {
    const runId = await tidegate.trigger(dagId, conf);
    const run = await tidegate.closed(dagId, runId);
    const tasks = await tidegate.tasksOf(dagId, runId);
    return { run, tasks, states: Object.fromEntries(tasks.map(({ task_id, state }) => [task_id, state])) };
  };
  return {
    tidegate,
    runOf,
    async taskOf(dagId, conf) {
      const { run, tasks } = await runOf(dagId, conf);
      return { run, task: tasks[0] };
    },
    async open() {
      const rows = await tidegate.deps.db
        .selectFrom('run')
        .select('run_id')
        .where('ended_at', 'is', null)
        .execute();
      return rows.map(({ run_id }) => run_id);
    },
  };
}

/** What tasks of tests do. */
export const ok = async (): Promise<void> => undefined;
export const fail = (): never => {
  throw new Error('it broke');
};
export const skip = (): never => {
  throw new TaskSkipped('not today');
};
