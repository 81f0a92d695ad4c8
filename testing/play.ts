import type { CallbackCause } from '../core/callback.ts';
import type { TaskPlan } from '../core/run-plan.ts';
import type { Json, JsonObject, RunInfo } from '../sdk/index.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import type { EventBook } from './event-book.ts';
import type { Given } from './given.ts';
import type { TestedEvent } from './tested-run.ts';

/** A run in process, while it goes on. */
export interface Play {
  readonly dagId: string;
  readonly run: RunInfo;
  readonly book: EventBook;
  readonly given: Given;
  /** What it recorded so far, in order. */
  readonly events: TestedEvent[];
  readonly triggered: { readonly dagId: string; readonly conf: JsonObject }[];
  readonly clock: Clock;
  /** Called for each try that failed behind which there is another. */
  readonly onRetry: (cause: Extract<CallbackCause, { kind: 'retry' }>) => Promise<void>;
}

/** A clock that goes on only when it is told to. */
export interface Clock {
  /** In epoch milliseconds. */
  now(): number;
  pass(ms: number): void;
}

export function startClock(at: number): Clock {
  let now = at;
  return {
    now: () => now,
    pass: (ms) => void (now += ms),
  };
}

/** One task to be run, with what it is given. */
export interface Part {
  readonly task: TaskPlan;
  readonly code: TaskDefinition;
  /** Results of the tasks it needs, by their ids. */
  readonly results: Readonly<Record<string, Json>>;
  readonly item?: Json;
  readonly mapIndex?: number;
  readonly cause?: CallbackCause;
}
