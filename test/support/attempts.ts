import type { TaskWish } from '../../core/task-wish.ts';
import { parseDagId, parseRunId } from '../../core/ids.ts';
import type { OpenedAttempt } from '../../store/attempts.ts';
import { readRunStory, type RunStory } from '../../store/attempt-queries.ts';
import type { RunRow, TaskRunRow } from '../../store/run-tables.ts';
import { clearRun } from '../../temporal/clear-run.ts';
import type { Deps } from '../../temporal/deps.ts';
import { eventually, type Tidegate } from './tidegate.ts';

/** All tasks, whatever became of them. */
export const everything: TaskWish = { tasks: null, downstream: false, upstream: false, onlyFailed: false };
export const whatFailed: TaskWish = { ...everything, onlyFailed: true };

/** Asks for another attempt of a run, as `ada`. @param seen - the attempt that she saw */
export async function runAgain(
  deps: Deps,
  [id, run]: readonly [string, string],
  wish: Partial<TaskWish> = {},
  seen?: number,
): Promise<OpenedAttempt> {
  const dagId = parseDagId(id);
  const why = wish.onlyFailed === true ? 'retry' : 'clear';
  const request = { dagId, runId: parseRunId(dagId, run), seen, who: 'ada', why } as const;
  return clearRun(deps, { ...request, wish: { ...everything, ...wish } });
}

/** Waits until an attempt of a run is closed. */
export async function attemptClosed(
  { runsOf }: Pick<Tidegate, 'runsOf'>,
  [dagId, runId]: readonly [string, string],
  attempt: number,
): Promise<RunRow> {
  return eventually(async () => {
    const run = (await runsOf(dagId)).find(({ run_id }) => run_id === runId);
    return run?.attempt === attempt && run.ended_at !== null && run;
  });
}

/** The tasks of one attempt, by their ids. */
export async function tasksIn(
  { tasksOf }: Pick<Tidegate, 'tasksOf'>,
  [dagId, runId]: readonly [string, string],
  attempt: number,
): Promise<Readonly<Record<string, TaskRunRow>>> {
  const rows = (await tasksOf(dagId, runId)).filter((row) => row.attempt === attempt);
  return Object.fromEntries(rows.map((row) => [row.task_id, row]));
}

export async function storyOf({ db }: Deps, [id, run]: readonly [string, string]): Promise<RunStory> {
  const dagId = parseDagId(id);
  return readRunStory(db, dagId, parseRunId(dagId, run));
}
