import { parseInstant } from '../core/dag-options.ts';
import { TidegateError } from '../core/errors.ts';
import { accepts, type EventFilter, parseEventFilter } from '../core/event-filter.ts';
import { type JsonObject, shown } from '../core/json.ts';
import type { AnySource, AssetReference, EventReader, Inlets, InstantInput } from '../sdk/index.ts';
import { declaredInlet } from './declared-inlet.ts';
import { createEventList, type StoredEvents } from './event-list.ts';

/** Which events of an inlet are asked for. Times are in epoch milliseconds, both included. */
export interface Stretch {
  readonly inlet: AnySource;
  readonly fromAt: number | undefined;
  readonly untilAt: number | undefined;
}

interface Query extends Stretch {
  readonly filters: readonly EventFilter[];
  readonly newestFirst: boolean;
  readonly limit: number;
}

/** Where the events of a stretch are read from. */
export type OpenStretch = (stretch: Stretch) => StoredEvents;

/** Readers of declared inlets, wherever their events are. */
export function createReaders(inlets: readonly AnySource[], open: OpenStretch): Inlets {
  const of = (reference: AnySource | AssetReference): EventReader =>
    readerOf(open, {
      inlet: declaredInlet(inlets, reference),
      ...{ fromAt: undefined, untilAt: undefined, filters: [] },
      ...{ newestFirst: false, limit: Number.POSITIVE_INFINITY },
    });
  return { of: of as Inlets['of'] };
}

function readerOf(open: OpenStretch, query: Query): EventReader {
  const { fromAt, untilAt, filters } = query;
  const list = createEventList<JsonObject>(
    {
      ...open(query),
      accepts:
        filters.length === 0
          ? undefined
          : ({ extra, partitionKey = null, source }) =>
              filters.every((filter) => accepts(filter, { extra, partitionKey, source })),
    },
    query,
  );
  const narrowed = (change: Partial<Query>): EventReader => readerOf(open, { ...query, ...change });
  return Object.assign(list, {
    after: (instant: InstantInput) =>
      narrowed({ fromAt: Math.max(instantOf(instant, 'after'), fromAt ?? Number.NEGATIVE_INFINITY) }),
    before: (instant: InstantInput) =>
      narrowed({ untilAt: Math.min(instantOf(instant, 'before'), untilAt ?? Number.POSITIVE_INFINITY) }),
    where: (filter: unknown) => narrowed({ filters: [...filters, parseEventFilter(filter)] }),
    limit: (count: number) => narrowed({ limit: Math.min(countOf(count), query.limit) }),
    ascending: () => narrowed({ newestFirst: false }),
    descending: () => narrowed({ newestFirst: true }),
  });
}

/** @throws TidegateError `invalid_definition` when it is no time */
export function instantOf(instant: InstantInput, name: string): number {
  return typeof instant === 'number' && Number.isSafeInteger(instant) ? instant : parseInstant(instant, name);
}

function countOf(count: number): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new TidegateError(
    'invalid_input',
    `limit ${shown(count)} is not valid: use a whole number from 0 on`,
  );
}
