import type { EventReader, RecordedEvent } from '../../sdk/index.ts';
import type { Channel } from './channel.ts';
import type { Target } from './messages.ts';

/** Events that are brought over at a time. */
const pageSize = 1_000;

/** A list of events that the worker has; what narrows it is checked there, at once. */
export function remoteList(
  channel: Channel,
  on: Target,
  method: string,
  args: readonly unknown[],
): EventReader {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what makes a list answers with its number
  const id = channel.call(on, method, ...args) as number;
  const make =
    (name: string) =>
    (...given: readonly unknown[]): EventReader =>
      remoteList(channel, id, name, given);
  const ask =
    (name: string) =>
    (...given: readonly unknown[]): Promise<unknown> =>
      channel.ask(id, name, ...given);
  const count = ask('count');
  async function* events(): AsyncGenerator<RecordedEvent> {
    for (let from = 0; ; from += pageSize) {
      const page = await list.slice(from, from + pageSize).toArray();
      yield* page;
      if (page.length < pageSize) return;
    }
  }
  const narrowing = {
    slice: make('slice'),
    after: make('after'),
    before: make('before'),
    where: make('where'),
  };
  const ordering = { limit: make('limit'), ascending: make('ascending'), descending: make('descending') };
  const reading = { at: ask('at'), toArray: ask('toArray'), first: ask('first'), last: ask('last'), count };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- calls of the same names on the list itself
  const list = {
    ...narrowing,
    ...ordering,
    ...reading,
    [Symbol.asyncIterator]: events,
  } as unknown as EventReader;
  // As of the list itself: looking at it asks Postgres.
  return Object.defineProperty(list, 'length', { get: count });
}
