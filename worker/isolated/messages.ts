import type { Json } from '../../core/json.ts';
import type { CallbackContext, MappedContext, TaskContext } from '../../sdk/index.ts';
import type { WireError } from './wire-errors.ts';

/** What of a task's context is data. */
export type ContextData = Pick<
  TaskContext<object>,
  'dagId' | 'runId' | 'taskId' | 'try' | 'run' | 'tags' | 'needs' | 'heartbeatDetails'
> &
  Partial<Pick<MappedContext<unknown>, 'item' | 'mapIndex'> & Pick<CallbackContext, 'cause'>>;

/** What of a context is data, of whatever kind the task is. */
export function dataOf(context: TaskContext<object> & Partial<ContextData>): ContextData {
  const { dagId, runId, taskId, run, tags, needs, heartbeatDetails } = context;
  const { item, mapIndex, cause } = context;
  return {
    ...{ dagId, runId, taskId, try: context.try, run, tags, needs, heartbeatDetails },
    ...(mapIndex === undefined ? {} : { item, mapIndex }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** What a process is to run. */
export interface Start {
  readonly kind: 'start';
  /** Path of the file that exports the DAG. */
  readonly file: string;
  readonly data: ContextData;
}

/** What of a context a call is made on: the task itself, its events, its inlets, or a list that a call made. */
export type Target = 'task' | 'events' | 'inlets' | number;

/** A call that the worker makes on the context for the process. */
export interface Call {
  readonly on: Target;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What came of a call. */
export type Reply =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'thrown'; readonly error: WireError };

/** From the process to the worker. */
export type FromTask =
  /** Nobody waits for an answer. */
  | { readonly kind: 'tell'; readonly call: Call }
  /** The process stands still until it is answered. */
  | { readonly kind: 'sync'; readonly call: Call }
  | { readonly kind: 'async'; readonly id: number; readonly call: Call }
  | { readonly kind: 'ended'; readonly result: Json }
  | { readonly kind: 'failed'; readonly error: WireError };

/** From the worker to the process, but for answers to what it stands still for. */
export type ToTask =
  | Start
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply }
  | { readonly kind: 'abort'; readonly reason: WireError };

/** File descriptors of the process: what it says, what it hears, and answers to what it stands still for. */
export const channels = { says: 3, hears: 4, answers: 5 } as const;
