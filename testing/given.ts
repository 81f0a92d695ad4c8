import type { AnyAsset, InstantInput, JsonObject, RunInfo } from '../sdk/index.ts';

/** An update of an asset that is there before the run; its extra is checked by the asset's schema. */
export interface GivenEvent {
  readonly asset: AnyAsset;
  readonly extra?: object;
  readonly partition?: string;
  /** When it was recorded. @defaultValue the beginning of the run */
  readonly at?: InstantInput;
  /** What its task saved, as `load` gives it. @defaultValue nothing */
  readonly saved?: unknown;
  /** Names of aliases it came through. */
  readonly aliases?: readonly string[];
}

/** What a run in process is given. */
export interface Given {
  /** Events that the run consumes, oldest first. @defaultValue none */
  readonly events?: readonly GivenEvent[];
  /** What was recorded before them, oldest first: inlets read both. @defaultValue none */
  readonly recorded?: readonly GivenEvent[];
  readonly conf?: JsonObject;
  /** Services in place of resources, by what tasks call them. */
  readonly resources?: Readonly<Record<string, unknown>>;
  /** When the run begins. Its clock stands still while code runs; pauses between tries, waits and looks move it on at once. @defaultValue `'2026-01-01T00:00:00Z'` */
  readonly now?: InstantInput;
  /** What the run is otherwise. @defaultValue by events where there are some, else by hand */
  readonly run?: Partial<Omit<RunInfo, 'conf'>>;
  /** How runs end that its tasks trigger, by DAG. @defaultValue `'success'` */
  readonly triggered?: Readonly<Record<string, 'success' | 'failed'>>;
}
