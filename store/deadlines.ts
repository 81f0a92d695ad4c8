import { sql } from 'kysely';
import { type DeadlineOutcome, withUndecided } from '../core/deadline.ts';
import type { Gate } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import { countFrom } from './page.ts';

/** Writes down that a deadline came. @returns whether the DAG has deadlines, so that its consumer has to be told */
export async function noteDeadline(db: Db, dagId: DagId, dueAt: number): Promise<boolean> {
  const { rows } = await sql`
    with due as (
      select d.dag_id from dag d join dag_version v on v.dag_id = d.dag_id and v.version = d.version
      where d.dag_id = ${dagId} and d.retired_at is null and v.plan -> 'deadline' is not null
    ), noted as (
      insert into deadline (dag_id, due_at) select dag_id, ${new Date(dueAt)}::timestamptz from due on conflict do nothing
    )
    select from due`.execute(db);
  return rows.length > 0;
}

/** The gate with the deadlines that are to be decided, whatever it knew of them. */
export async function readUndecided(tx: Tx, dagId: DagId, gate: Gate): Promise<Gate> {
  const rows = await tx
    .selectFrom('deadline')
    .select('due_at')
    .where('dag_id', '=', dagId)
    .where('outcome', 'is', null)
    .orderBy('due_at')
    .execute();
  return withUndecided(
    gate,
    rows.map(({ due_at }) => due_at.getTime()),
  );
}

/** A removed DAG decides none of the deadlines that came; were it deployed again, they would be long past. */
export async function removeDeadlines(tx: Tx, dagId: DagId): Promise<void> {
  await tx
    .updateTable('deadline')
    .set({ outcome: 'removed', decided_at: sql<Date>`clock()` })
    .where('dag_id', '=', dagId)
    .where('outcome', 'is', null)
    .execute();
}

/** Names of what was missing when the run in the table of this name was started by a deadline. */
export function missingOf(table: string) {
  const [dagId, runId, trigger] = ['dag_id', 'run_id', 'trigger'].map((column) =>
    sql.ref(`${table}.${column}`),
  );
  // Of other runs nothing is looked up.
  return sql<readonly string[]>`case when ${trigger} = 'scheduled' then coalesce((
    select missing from deadline t where t.dag_id = ${dagId} and t.run_id = ${runId}
  ), '[]') else '[]' end`;
}

/** Deadlines that wait to be decided and whose consumer was told a while ago; it counts as told now. */
export async function findUntoldDeadlines(
  db: Db,
  olderThanMs: number,
): Promise<readonly { readonly dagId: DagId; readonly dueAt: number }[]> {
  const { rows } = await sql<{ dagId: DagId; dueAt: number }>`
    update deadline set told_at = clock() where (dag_id, due_at) in (
      select d.dag_id, d.due_at from deadline d join dag using (dag_id)
      where d.outcome is null and dag.retired_at is null and d.told_at <= clock() - ${olderThanMs}::float8 * interval '1 millisecond'
      order by d.due_at limit 500
    )
    returning dag_id as "dagId", (extract(epoch from due_at) * 1000)::bigint as "dueAt"`.execute(db);
  return rows;
}

/** A deadline that came, as it is shown. */
export interface DeadlineRecord {
  readonly due_at: Date;
  /** `null` until it is decided. */
  readonly outcome: DeadlineOutcome | null;
  readonly run_id: RunId | null;
  readonly missing: readonly string[];
  readonly decided_at: Date | null;
}

/** The deadlines of a DAG that came, newest first. */
export async function listDeadlines(
  db: Db,
  dagId: DagId,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<readonly DeadlineRecord[]> {
  return db
    .selectFrom('deadline')
    .select(['due_at', 'outcome', 'run_id', 'missing', 'decided_at'])
    .where('dag_id', '=', dagId)
    .orderBy('due_at', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
}

export async function countDeadlines(db: Db, dagId: DagId): Promise<number> {
  return countFrom(db, sql`deadline where dag_id = ${dagId}`);
}
