import type { ColumnType } from 'kysely';

/** Written as a `Date` or left to the database, read as a `Date`. */
export type Instant = ColumnType<Date, Date | undefined, Date>;
export type OptionalInstant = ColumnType<Date | null, Date | null | undefined, Date | null>;
export type OptionalNumber = ColumnType<number | null, number | null | undefined, number | null>;
/** Written as JSON text, read parsed. */
export type JsonColumn<T> = ColumnType<T, string, string>;
export type OptionalJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
