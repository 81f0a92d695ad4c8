import type { TaskId } from './ids.ts';
import type { TaskPlan } from './run-plan.ts';

/** What a callback is called for. */
export const callbackKinds = ['success', 'failure', 'retry', 'late'] as const;
export type CallbackKind = (typeof callbackKinds)[number];

/** A task that is called when something happens to a run; how it ends changes nothing about that run. */
export type CallbackPlan = { readonly task: TaskPlan } & (
  | { readonly on: Exclude<CallbackKind, 'late'> }
  /** Once the run has taken so long from its start, and goes on. */
  | { readonly on: 'late'; readonly afterMs: number }
);

/** What happened. */
export type CallbackCause =
  | { readonly kind: 'success' }
  | {
      readonly kind: 'failure';
      readonly reason: string | null;
      /** In the order of the plan; empty where the run was cancelled or out of time before any of them failed. */
      readonly failedTasks: readonly TaskId[];
    }
  | { readonly kind: 'late'; readonly afterMs: number }
  | ({ readonly kind: 'retry' } & TaskRetry);

/** A try that failed, behind which there is another one. */
export interface TaskRetry {
  readonly taskId: TaskId;
  /** Which instance of a mapped task; -1 of a task that is not mapped. */
  readonly mapIndex: number;
  readonly try: number;
  readonly error: string;
}

/** Most retries of one run that callbacks are called for. */
export const maxToldRetries = 500;
/** Longest error that a callback is told; the log has all of it. */
export const maxToldErrorLength = 1_000;
