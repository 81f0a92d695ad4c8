import type { InstantRange } from '../../store/page.ts';
import { toInstant } from '../contract/scalars.ts';

export { toInstant };

export function toOptionalInstant(at: Date | string | number | null): string | null {
  return at === null ? null : toInstant(at);
}

/** Seconds between two instants; null until both are there. */
export function secondsBetween(from: Date | null, to: Date | null): number | null {
  return from === null || to === null ? null : (to.getTime() - from.getTime()) / 1_000;
}

type Limits<Field extends string> = Readonly<
  Partial<Record<`${Field}_${'gte' | 'gt' | 'lte' | 'lt'}`, number | undefined>>
>;

/** The four limits a query may set on one instant. */
export function rangeOf<Field extends string>(query: Limits<Field>, field: Field): InstantRange {
  return {
    gte: toDate(query[`${field}_gte`]),
    gt: toDate(query[`${field}_gt`]),
    lte: toDate(query[`${field}_lte`]),
    lt: toDate(query[`${field}_lt`]),
  };
}

function toDate(at: number | undefined): Date | undefined {
  return at === undefined ? undefined : new Date(at);
}
