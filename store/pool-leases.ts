import { type RawBuilder, sql } from 'kysely';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { Tx } from './log.ts';
import type { RunAttempt } from './runs.ts';
import { openTaskStates } from './run-tables.ts';

/** Who holds, or waits: a task, an instance of it, or a run as a whole. */
export interface LeaseHolder extends RunAttempt {
  /** Absent where it is the run. */
  readonly taskId?: TaskId;
  /** Which instance of a mapped task. */
  readonly mapIndex?: number;
}

/** What is asked for. Asked again it is the same lease, with what was said first. */
export interface LeaseAsk extends LeaseHolder {
  readonly key: string;
  readonly slots: number;
  readonly workflowId: string;
}

/** A lease that was granted, and whom to tell. */
export interface GrantedLease extends LeaseHolder {
  readonly workflowId: string;
}

/** The same for the same holder, and for no other: run ids have no `/`, and task ids neither. */
export function nameOf({ dagId, runId, attempt, taskId = '' as TaskId, mapIndex = -1 }: LeaseHolder): string {
  return [dagId, runId, attempt, taskId, mapIndex].join('/');
}

/** Columns of a lease by which it is told apart. */
export interface HolderRow {
  readonly dag_id: DagId;
  readonly run_id: RunId;
  readonly attempt: number;
  readonly task_id: TaskId | '';
  readonly map_index: number;
}

export const holderColumns = sql.raw('l.dag_id, l.run_id, l.attempt, l.task_id, l.map_index');

export function holderOf({ dag_id, run_id, attempt, task_id, map_index }: HolderRow): LeaseHolder {
  return {
    ...{ dagId: dag_id, runId: run_id, attempt },
    ...(task_id === '' ? {} : { taskId: task_id }),
    ...(map_index === -1 ? {} : { mapIndex: map_index }),
  };
}

/** Takes back leases of a pool, held or waited for; those that are gone already change nothing. @returns the keys they were for */
export async function deleteLeases(
  tx: Tx,
  pool: string,
  holders: readonly LeaseHolder[],
): Promise<readonly string[]> {
  if (holders.length === 0) return [];
  const { rows } = await sql<{ key: string }>`
    delete from pool_lease l using ${unnested(holders)} where l.pool = ${pool} and ${isOne} returning l.key`.execute(
    tx,
  );
  return rows.map(({ key }) => key);
}

/**
 * Writes down what is asked for, in the order in which it was; what was asked for before stays as it is. What is told late, of a run that is closed or a
 * task that has ended, is not written. @returns the keys of what is new
 */
export async function insertLeases(
  tx: Tx,
  pool: string,
  asks: readonly LeaseAsk[],
): Promise<readonly string[]> {
  if (asks.length === 0) return [];
  const { rows } = await sql<{ key: string }>`
    insert into pool_lease (dag_id, run_id, attempt, task_id, map_index, pool, key, slots, workflow_id)
    select l.dag_id, l.run_id, l.attempt, l.task_id, l.map_index, ${pool}, a.key, a.slots, a.workflow_id
    from ${unnested(asks)}
    join unnest(
      ${asks.map(({ key }) => key)}::text[], ${asks.map(({ slots }) => slots)}::int[], ${asks.map(({ workflowId }) => workflowId)}::text[]
    ) with ordinality as a (key, slots, workflow_id, ord) using (ord)
    cross join lateral (select u.dag_id, u.run_id, u.attempt, u.task_id, u.map_index) as l
    where ${isAlive}
    order by ord
    on conflict do nothing returning key`.execute(tx);
  return rows.map(({ key }) => key);
}

/** Of those asked for in a transaction that still wait: their numbers and keys. The others need nothing more, and are noted as told. */
export async function answerAsks(
  tx: Tx,
  asks: readonly LeaseAsk[],
): Promise<ReadonlyMap<string, { readonly number: number; readonly key: string; readonly slots: number }>> {
  if (asks.length === 0) return new Map();
  const { rows } = await sql<HolderRow & { number: number; key: string; slots: number; isGranted: boolean }>`
    with mine as (
      select ${holderColumns}, l.number, l.key, l.slots, l.granted_at is not null as "isGranted" from ${unnested(asks)} join pool_lease l on ${isOne}
    ), told as (
      update pool_lease l set is_told = true from mine u where ${isOne} and u."isGranted" and not l.is_told
    )
    select * from mine`.execute(tx);
  const waiting = rows.filter(({ isGranted }) => !isGranted);
  return new Map(waiting.map((row) => [nameOf(holderOf(row)), row]));
}

/** Holders as a table `u`, numbered by `ord`. */
export function unnested(holders: readonly LeaseHolder[]): RawBuilder<unknown> {
  return sql`unnest(
    ${holders.map(({ dagId }) => dagId)}::text[], ${holders.map(({ runId }) => runId)}::text[],
    ${holders.map(({ attempt }) => attempt)}::int[], ${holders.map(({ taskId = '' }) => taskId)}::text[],
    ${holders.map(({ mapIndex = -1 }) => mapIndex)}::int[]
  ) with ordinality as u (dag_id, run_id, attempt, task_id, map_index, ord)`;
}

/** Whether the lease `l` is that of the holder `u`. */
export const isOne = sql`(l.dag_id, l.run_id, l.attempt, l.task_id, l.map_index) = (u.dag_id, u.run_id, u.attempt, u.task_id, u.map_index)`;

/** Whether the holder `l` may hold anything: its attempt goes on, and it has not ended. */
export const isAlive = sql<boolean>`exists (
    select from run r where r.dag_id = l.dag_id and r.run_id = l.run_id and r.attempt = l.attempt and r.state in ('queued', 'running')
  ) and not exists (
    select from task_run t
    where l.task_id <> '' and t.dag_id = l.dag_id and t.run_id = l.run_id and t.attempt = l.attempt and t.task_id = l.task_id
      and t.map_index = l.map_index and t.state <> all(${[...openTaskStates]}::text[])
  )`;
