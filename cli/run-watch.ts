import { setTimeout as sleep } from 'node:timers/promises';
import { DagRun } from '../api/contract/dag-runs.ts';
import { TaskInstanceCollection } from '../api/contract/task-instances.ts';
import { pathOf } from './api-client.ts';
import type { Session } from './session.ts';

const firstPauseMs = 100;
const longestPauseMs = 2_000;

/** Waits until a run has ended, saying on the way how it and its tasks come along. */
export async function watchRun({ api, terminal }: Session, run: DagRun): Promise<DagRun> {
  const path = pathOf`/api/v2/dags/${run.dag_id}/dagRuns/${run.dag_run_id}`;
  const said = new Map<string, string>();
  const say = (subject: string, word: string): void => {
    if (said.get(subject) === word) return;
    said.set(subject, word);
    terminal.note(`${subject}: ${word}`);
  };
  let pauseMs = firstPauseMs;
  for (;;) {
    const now = await api.get(DagRun, path);
    const { task_instances } = await api.get(TaskInstanceCollection, `${path}/taskInstances`, {
      limit: 1_000,
    });
    const hasEnded = now.state === 'success' || now.state === 'failed';
    // What ended the run is said before its end.
    if (!hasEnded) say(`run ${now.dag_run_id}`, now.state);
    for (const task of task_instances) {
      if (task.state === null) continue;
      const tries = task.try_number > 1 ? ` (try ${task.try_number})` : '';
      say(`task ${task.task_id}`, `${task.state}${tries}`);
    }
    say(`run ${now.dag_run_id}`, now.state);
    if (hasEnded) return now;
    await sleep(pauseMs);
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.2);
  }
}

/** Why a run that failed did, in one line. */
export function failureOf({ dag_id, dag_run_id, state, state_reason }: DagRun): string | undefined {
  if (state !== 'failed') return undefined;
  const reason = state_reason === null ? '' : ` (${state_reason})`;
  return `run ${dag_run_id} of ${dag_id} failed${reason}: see \`tidegate runs logs ${dag_id} ${dag_run_id}\``;
}
