import { type RawBuilder, sql } from 'kysely';
import type { Db } from './database.ts';

/** Which entries of an ordered list to read. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
}

export interface OrderKey<Field extends string> {
  readonly field: Field;
  readonly descending: boolean;
}

/** A page of a list in the order of some of its fields. */
export interface OrderedPage<Field extends string> extends Page {
  readonly orderBy: readonly OrderKey<Field>[];
}

/** Limits on an instant; each is optional. */
export interface InstantRange {
  readonly gte?: Date | undefined;
  readonly gt?: Date | undefined;
  readonly lte?: Date | undefined;
  readonly lt?: Date | undefined;
}

type Condition = RawBuilder<boolean>;

/** What a list can be ordered by: SQL of ours, never a caller's text. */
type Column = string | { readonly nullable: string };

/** An `order by` with its page; `last` makes the order whole. */
export function pageOf<Field extends string>(
  columns: Readonly<Record<Field, Column>>,
  { orderBy, limit, offset }: OrderedPage<Field>,
  last: string,
): RawBuilder<unknown> {
  const parts = orderBy.map(({ field, descending }) => inDirection(columns[field], descending));
  return sql`order by ${sql.raw([...parts, last].join(', '))} limit ${limit} offset ${offset}`;
}

/** What is null comes last. Only where it can be: no index has nulls at its end in both directions, not even where there are none. */
function inDirection(column: Column, descending: boolean): string {
  if (typeof column === 'string') return `${column} ${descending ? 'desc' : 'asc'}`;
  return `${column.nullable} ${descending ? 'desc nulls last' : 'asc'}`;
}

/** How many rows there are `from` these tables, conditions included. */
export async function countFrom(db: Db, from: RawBuilder<unknown>): Promise<number> {
  const { rows } = await sql<{ readonly count: number }>`select count(*) as count from ${from}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** All of these conditions; those that are undefined do not count. */
export function allOf(conditions: readonly (Condition | undefined)[]): Condition {
  const present = conditions.filter((condition) => condition !== undefined);
  return present.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(present, sql` and `)}`;
}

/** A condition on a value that the caller may leave out. */
export function given<Value>(
  value: Value | undefined,
  condition: (value: Value) => Condition,
): Condition | undefined {
  return value === undefined ? undefined : condition(value);
}

/** Part of a text, with `%` and `_` as wildcards and letter case ignored. */
export function contains(column: string, pattern: string | undefined): Condition | undefined {
  return given(pattern, (text) => sql<boolean>`${sql.raw(column)} ilike ${`%${text}%`}`);
}

export function startsWith(column: string, prefix: string | undefined): Condition | undefined {
  return given(prefix, (text) => sql<boolean>`starts_with(${sql.raw(column)}, ${text})`);
}

export function within(
  column: string,
  { gte, gt, lte, lt }: InstantRange,
): readonly (Condition | undefined)[] {
  const at = sql.raw(column);
  return [
    given(gte, (limit) => sql<boolean>`${at} >= ${limit}`),
    given(gt, (limit) => sql<boolean>`${at} > ${limit}`),
    given(lte, (limit) => sql<boolean>`${at} <= ${limit}`),
    given(lt, (limit) => sql<boolean>`${at} < ${limit}`),
  ];
}
