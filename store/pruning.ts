import { type RawBuilder, sql } from 'kysely';

/** Rows that went, or in a dry run would go, by table. */
export type Removed = Readonly<Record<string, number>>;

/** What is looked at in one transaction: everything older than a time, behind what was looked at before. */
export interface PruneStep {
  /** Older than this goes. */
  readonly before: Date;
  /** Only counts. */
  readonly isDry: boolean;
  /** Where the step before ended; absent at the beginning. */
  readonly cursor?: PruneCursor;
}

/** A place in the order in which rows are looked at. */
export type PruneCursor = readonly (string | number)[];

/** What a step did, and where the next one goes on; without `next` it was the last. */
export interface Pruned {
  readonly removed: Removed;
  readonly next?: PruneCursor;
}

/** Rows of a table that belong to `doomed d`: deleted, or in a dry run only found. */
export function rowsOf(isDry: boolean, table: string, belongs: RawBuilder<unknown>): RawBuilder<unknown> {
  return isDry
    ? sql`select 1 from ${sql.table(table)} t join doomed d on ${belongs}`
    : sql`delete from ${sql.table(table)} t using doomed d where ${belongs} returning 1`;
}
