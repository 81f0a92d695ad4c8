import { sql, type Transaction } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { Db } from './database.ts';
import type { Database } from './schema.ts';

export type Tx = Transaction<Database>;

/** Positions taken from the log: `first` to `head`, at one time. */
export interface Positions {
  readonly first: Seq;
  readonly head: Seq;
  readonly at: Date;
}

/**
 * Takes `count` positions. It locks the log until the transaction ends, so it comes last: positions are then gapless and in
 * commit order, and no time lies below that of the entry before.
 */
export async function takePositions(tx: Tx, count: number): Promise<Positions> {
  const { head, at } = await tx
    .updateTable('log')
    .set({ head: sql`head + ${count}`, at: sql`greatest(at, clock())` })
    .returning(['head', 'at'])
    .executeTakeFirstOrThrow();
  return { first: head - count + 1, head, at };
}

/** The log now, with the time below which nothing is recorded any more, in epoch milliseconds. */
export async function readLog(
  db: Db | Tx,
): Promise<{ readonly id: string; readonly head: Seq; readonly at: number }> {
  const { at, ...log } = await db
    .selectFrom('log')
    .select(['id', 'head', sql<Date>`greatest(at, clock())`.as('at')])
    .executeTakeFirstOrThrow();
  return { ...log, at: at.getTime() };
}
