import { invalidOption } from '../core/invalid-option.ts';
import { nothing } from '../core/saved-value.ts';
import { titleOf } from '../core/source.ts';
import type { AssetByReference, RecordedEvent, TaskContext } from '../sdk/index.ts';
import { isRecordedEvent } from '../sdk/load.ts';
import { isSource, sourceOf } from '../sdk/source.ts';

/**
 * The event whose value a task is to load: the one it gives, the last of the source that its run consumed, or the newest recorded.
 * @throws TidegateError `invalid_definition` when it gives neither event nor source, `undeclared_inlet`, `nothing_saved` when there is no event
 */
export async function eventToLoad(
  { events, inlets }: Pick<TaskContext, 'events' | 'inlets'>,
  from: unknown,
): Promise<RecordedEvent> {
  if (isRecordedEvent(from)) return from;
  if (!isSource(from)) throw invalidOption('what is to be loaded', from, 'give an asset, or an event of one');
  // Readers take each kind of source, though their types tell them apart.
  const source = from as AssetByReference;
  const event = (await events.of(source).last()) ?? (await inlets.of(source).descending().first());
  if (event !== undefined) return event;
  const title = titleOf(sourceOf(from));
  throw nothing(`no event of ${title} was recorded, so no value of it was saved: run what updates it first`);
}
