import type { Json, JsonObject } from '../core/json.ts';
import type { TaskEnd } from '../core/run-plan.ts';

/** An event that a task recorded. */
export interface TestedEvent {
  /** Name and URI of the asset. */
  readonly asset: string;
  readonly uri: string;
  readonly extra: JsonObject;
  readonly partition: string | null;
  readonly aliases: readonly string[];
  readonly taskId: string;
  /** Which instance of a mapped task; -1 of any other. */
  readonly mapIndex: number;
}

export interface TestedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: object;
}

/** How a task, or an instance of a mapped one, went. */
export interface TestedTask {
  readonly state: TaskEnd;
  /** What it returned, after its way through JSON; of a mapped task the list of what its instances returned. */
  readonly result: Json;
  /** What its last try threw, or why it was skipped. */
  readonly error: unknown;
  /** 0 where it did not start. */
  readonly tries: number;
  readonly events: readonly TestedEvent[];
  readonly log: readonly TestedLine[];
  /** Of a mapped task. */
  readonly instances?: readonly TestedTask[];
}

/** How a run went. */
export interface TestedRun {
  readonly state: 'success' | 'failed';
  /** Tasks by id, callbacks that were called included. */
  readonly tasks: Readonly<Record<string, TestedTask>>;
  /** What was recorded, in order. */
  readonly events: readonly TestedEvent[];
  /** Runs that its tasks triggered. */
  readonly triggered: readonly { readonly dagId: string; readonly conf: JsonObject }[];
  /** What its clock says at the end, in epoch milliseconds. */
  readonly endedAt: number;
}
