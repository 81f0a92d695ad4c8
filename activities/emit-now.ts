import type { AnySource, EmitNow, EmitOptions } from '../sdk/index.ts';
import type { TaskTry } from '../store/recording.ts';
import type { Deps } from '../temporal/deps.ts';
import { recordProgress } from '../temporal/record-events.ts';
import type { Outbox } from './emitted.ts';
import { keepTrying } from './keep-trying.ts';
import { type EventCatalog, toNewEvents } from './new-events.ts';

/** Records events of one try while it goes on, each once however often Postgres has to be told. */
export function createEmitNow(
  deps: Deps,
  catalog: EventCatalog,
  outbox: Outbox,
  tried: TaskTry,
  signal: AbortSignal,
): EmitNow {
  let count = 0;
  const emitNow = async (asset: AnySource, event?: EmitOptions<object>): Promise<void> => {
    const one = outbox.checked(asset, event);
    count += 1;
    const nth = count;
    const [recorded] = await keepTrying(() => toNewEvents(deps, catalog, [one]), signal);
    if (recorded !== undefined) await keepTrying(() => recordProgress(deps, tried, recorded, nth), signal);
  };
  return emitNow as EmitNow;
}
