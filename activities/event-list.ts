import type { AssetEvent, Seq } from '../core/asset-event.ts';
import { TidegateError } from '../core/errors.ts';
import type { EventList, RecordedEvent } from '../sdk/index.ts';

/** Events read in one statement. */
const pageSize = 1_000;

/** Part of the stored events, to be read in one statement. */
export interface StoredPage {
  readonly newestFirst: boolean;
  readonly beyond: Seq | undefined;
  readonly skip: number;
  readonly limit: number;
}

/** Stored events, as a list reads them. */
export interface StoredEvents {
  read(page: StoredPage): Promise<readonly AssetEvent[]>;
  count(): Promise<number>;
  /** Which of them are in the list; without it all of them. */
  readonly accepts?: ((event: AssetEvent) => boolean) | undefined;
}

/** A stretch of a list: from a place up to but not with another one. */
interface Bounds {
  readonly from: number;
  readonly to: number;
}

const open: Bounds = { from: 0, to: Number.POSITIVE_INFINITY };

/** Events in one order, at most `limit` of them, which are read when they are asked for. */
export function createEventList<Extra extends object>(
  stored: StoredEvents,
  { newestFirst = false, limit = open.to }: { readonly newestFirst?: boolean; readonly limit?: number } = {},
): EventList<Extra> {
  return listOf(stored, newestFirst, async () => ({ from: 0, to: limit }));
}

function listOf<Extra extends object>(
  stored: StoredEvents,
  newestFirst: boolean,
  boundsOf: () => Promise<Bounds>,
): EventList<Extra> {
  async function* events(): AsyncGenerator<RecordedEvent<Extra>> {
    for await (const event of eventsWithin(stored, newestFirst, await boundsOf())) yield typed<Extra>(event);
  }
  const count = async (): Promise<number> => countWithin(stored, newestFirst, await boundsOf());
  const at = async (index: number): Promise<RecordedEvent<Extra> | undefined> => {
    const place = wholeNumber('at', index);
    const { from, to } = await boundsOf();
    if (place >= 0) return eventAt(stored, newestFirst, { from: from + place, to });
    // The end of all is the beginning of the other order: nothing has to be counted.
    if (from === open.from && to === open.to)
      return eventAt(stored, !newestFirst, { ...open, from: -1 - place });
    const counted = (await count()) + place;
    return counted < 0 ? undefined : eventAt(stored, newestFirst, { from: from + counted, to });
  };
  const eventAt = async (...where: Parameters<typeof eventsWithin>) => {
    const [of, order, { from, to }] = where;
    const { value } = await eventsWithin(of, order, { from, to: Math.min(to, from + 1) }).next();
    return value === undefined ? undefined : typed<Extra>(value);
  };
  const list: Omit<EventList<Extra>, 'length'> = {
    at,
    slice(start = 0, end = open.to) {
      const [first, last] = [wholeNumber('slice', start), end === open.to ? end : wholeNumber('slice', end)];
      return listOf(stored, newestFirst, async () => {
        const { from, to } = await boundsOf();
        const all = first < 0 || last < 0 ? await count() : 0;
        const place = (index: number): number => from + (index < 0 ? Math.max(0, all + index) : index);
        return { from: place(first), to: Math.min(to, place(last)) };
      });
    },
    async toArray({ limit = open.to } = {}) {
      const read: RecordedEvent<Extra>[] = [];
      for await (const event of eventsWithin(stored, newestFirst, atMost(limit, await boundsOf())))
        read.push(typed<Extra>(event));
      return read;
    },
    count,
    first: () => at(0),
    last: () => at(-1),
    [Symbol.asyncIterator]: events,
  };
  // Hidden from whoever looks through all fields, as a log does: looking at it asks Postgres.
  return Object.defineProperty(list, 'length', { get: count }) as EventList<Extra>;
}

async function* eventsWithin(
  stored: StoredEvents,
  newestFirst: boolean,
  { from, to }: Bounds,
): AsyncGenerator<AssetEvent, undefined> {
  const { accepts } = stored;
  let beyond: Seq | undefined;
  let place = accepts === undefined ? from : 0;
  while (place < to) {
    const skip = beyond === undefined ? place : 0;
    const limit = accepts === undefined ? Math.min(pageSize, to - place) : pageSize;
    const page = await stored.read({ newestFirst, beyond, skip, limit });
    for (const event of page) {
      if (accepts !== undefined && !accepts(event)) continue;
      if (place >= from) yield event;
      place += 1;
      if (place >= to) return;
    }
    if (page.length < limit) return;
    beyond = page.at(-1)?.seq;
  }
}

async function countWithin(
  stored: StoredEvents,
  newestFirst: boolean,
  { from, to }: Bounds,
): Promise<number> {
  if (to <= from) return 0;
  if (stored.accepts === undefined) return Math.max(0, Math.min(to, await stored.count()) - from);
  let count = 0;
  for await (const _ of eventsWithin(stored, newestFirst, { from, to })) count += 1;
  return count;
}

function atMost(limit: number, { from, to }: Bounds): Bounds {
  return { from, to: Math.min(to, from + limit) };
}

/** Producers' events were checked by the asset's schema when they were recorded. */
function typed<Extra extends object>(event: AssetEvent): RecordedEvent<Extra> {
  return event as unknown as RecordedEvent<Extra>;
}

function wholeNumber(call: string, index: number): number {
  if (Number.isSafeInteger(index)) return index;
  throw new TidegateError('invalid_input', `${call}(${String(index)}) is not a place: use whole numbers`);
}
