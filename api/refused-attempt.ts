import { TidegateError, unreachable } from '../core/errors.ts';
import { type DagId, quote, type RunId, type TaskId } from '../core/ids.ts';
import type { AttemptRefused } from '../store/attempts.ts';
import { inFlight } from '../temporal/in-flight.ts';
import { unknownRun } from './request.ts';

/** Why a run cannot run again now, and what to do. */
export function refusedAttempt(dagId: DagId, runId: RunId, refused: AttemptRefused): TidegateError {
  const run = `run ${quote(runId)} of DAG ${dagId}`;
  switch (refused.kind) {
    case 'unknown':
      return unknownRun(dagId, runId);
    case 'removed':
      return conflict(`DAG ${dagId} was removed from the project: deploy it again to run ${run} again`);
    case 'open':
      return conflict(
        `${run} is ${refused.state} (attempt ${refused.attempt}): cancel it, or wait until it has ended`,
      );
    case 'other':
      return conflict(`${run} is at attempt ${refused.attempt} by now: look at it again`);
    case 'in flight':
      return inFlight(dagId, refused);
    default:
      return unreachable(refused);
  }
}

/** Why a task of a run that has not ended cannot be marked: the run has no slot yet, or the task has ended. */
export function refusedMark(dagId: DagId, runId: RunId, state: string): TidegateError {
  return conflict(
    `run ${quote(runId)} of DAG ${dagId} is ${state}: of a run that goes on only tasks that have not ended can be marked; mark this one when the run has ended`,
  );
}

/** Why a mapped task of a run that has not ended cannot be marked. */
export function refusedMapped(dagId: DagId, runId: RunId, taskId: TaskId): TidegateError {
  return conflict(
    `task ${quote(taskId)} is mapped, and instances of it may run: mark it when run ${quote(runId)} of DAG ${dagId} has ended, or mark the run`,
  );
}

function conflict(message: string): TidegateError {
  return new TidegateError('run_conflict', message);
}
