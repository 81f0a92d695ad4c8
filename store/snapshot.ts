import type { Db } from './database.ts';
import type { Tx } from './log.ts';

/** Reads several things as they were at one moment, such as a page of a list and how many there are in all. */
export function inSnapshot<Result>(db: Db, read: (tx: Tx) => Promise<Result>): Promise<Result> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((tx) => read(tx));
}
