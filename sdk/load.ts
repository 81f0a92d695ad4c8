import type { Json } from '../core/json.ts';
import { isRecord } from '../core/json.ts';
import type { AsJson, IoManager } from './io.ts';
import type { RecordedEvent } from './recorded-events.ts';
import type { AnySource } from './source.ts';

/**
 * Loads what the task saved that updated an asset, in whichever run of whichever DAG: by the last event of the asset that the run consumed; where
 * it consumed none, by the newest that was recorded when the try first read its inlets, for which the asset must be among them; or by the event that
 * is given.
 * @throws TidegateError `nothing_saved` where there is no such event, or its task saved nothing; `invalid_definition` when another IO manager saved
 * it; `undeclared_inlet`
 */
export interface Load {
  /** As it is after its way through JSON. */
  (from: AnySource | RecordedEvent<object>, io: IoManager<never, AsJson>): Promise<Json>;
  <Loaded>(from: AnySource | RecordedEvent<object>, io: IoManager<never, Loaded>): Promise<Loaded>;
}

/** Whether a value is an event as tasks read it. */
export function isRecordedEvent(value: unknown): value is RecordedEvent {
  return (
    isRecord(value) &&
    typeof value['seq'] === 'number' &&
    typeof value['recordedAt'] === 'number' &&
    isRecord(value['asset']) &&
    isRecord(value['source'])
  );
}
