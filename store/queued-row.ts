import { sql } from 'kysely';
import type { Queued } from '../core/gate.ts';
import { type LeafId, ofKey } from '../core/leaves.ts';

/** A partition key as a column has it: empty, or null for events that nobody looked into, where runs are not by partition. */
export function keyFrom(column: string | null): string | null {
  return column === '' ? null : column;
}

/** What {@link queuedColumns} finds of one leaf and partition key. */
export interface QueuedSummary extends Pick<Queued, 'count' | 'firstSeq' | 'lastSeq' | 'firstAt' | 'lastAt'> {
  readonly leaf: LeafId;
  readonly key: string | null;
  readonly needs: number | null;
  readonly parts: readonly string[] | null;
}

/** Sums events up: `e` is when and where, `accepted` is what they are to their consumer; the query groups by leaf and key. */
export function queuedColumns(accepted: string) {
  const { part, needs } = { part: sql.ref(`${accepted}.part`), needs: sql.ref(`${accepted}.needs`) };
  return sql`
    count(*) as count, min(e.seq) as "firstSeq", max(e.seq) as "lastSeq",
    (extract(epoch from min(e.recorded_at)) * 1000)::bigint as "firstAt",
    (extract(epoch from max(e.recorded_at)) * 1000)::bigint as "lastAt",
    max(${needs}) as needs, array_agg(distinct ${part}) filter (where ${part} is not null) as parts`;
}

/** The leaf, with its key, and what is queued for it. */
export function queuedFrom(row: QueuedSummary): readonly [LeafId, Queued] {
  const { leaf, key, needs, parts, count, firstSeq, lastSeq, firstAt, lastAt } = row;
  const window = needs === null ? {} : { window: { needs, parts: parts ?? [] } };
  return [ofKey(leaf, keyFrom(key)), { count, firstSeq, lastSeq, firstAt, lastAt, ...window }];
}
