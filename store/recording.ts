import { sql } from 'kysely';
import type { EventSource, NewAssetEvent, Seq } from '../core/asset-event.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { Tx } from './log.ts';

/** One try of one task, as its worker knows it. */
export interface TaskTry {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
  readonly taskId: TaskId;
  readonly try: number;
}

/** A try that ended well, with its result as JSON text. */
export interface TaskSuccess extends TaskTry {
  readonly result: string | null;
}

/** A request that must not be recorded twice. */
export interface IdempotencyKey {
  readonly key: string;
  /** Hash of what was asked; the same key with another hash is a conflict. */
  readonly requestHash: string;
}

/** Events that are recorded together or not at all, and what must hold for it. */
export interface Submission {
  readonly source: EventSource;
  readonly events: readonly NewAssetEvent[];
  readonly success?: TaskSuccess;
  readonly idempotencyKey?: IdempotencyKey;
}

/** A key that was used before, with what it stands for. */
export interface UsedKey {
  readonly seq: Seq;
  readonly requestHash: string;
}

/**
 * Marks tries as succeeded where each is still the running one of an open run, and returns their indices.
 * The run rows are locked against closing, so a try and the end of its run never pass each other.
 */
export async function markSucceeded(tx: Tx, successes: readonly TaskSuccess[]): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ index: number }>`
    with tried as (
      select * from unnest(
        ${successes.map((s) => s.dagId)}::text[], ${successes.map((s) => s.runId)}::text[],
        ${successes.map((s) => s.attempt)}::int[], ${successes.map((s) => s.taskId)}::text[],
        ${successes.map((s) => s.try)}::int[], ${successes.map((s) => s.result)}::text[]
      ) with ordinality as t (dag_id, run_id, attempt, task_id, try, result, index)
    ), open_run as (
      select dag_id, run_id, attempt from run
      where (dag_id, run_id) in (select dag_id, run_id from tried) and state in ('queued', 'running')
      order by dag_id, run_id for share
    )
    update task_run set state = 'success', ended_at = clock(), error = null, result = tried.result::jsonb
    from tried join open_run using (dag_id, run_id, attempt)
    where task_run.dag_id = tried.dag_id and task_run.run_id = tried.run_id and task_run.attempt = tried.attempt
      and task_run.task_id = tried.task_id and task_run.try = tried.try and task_run.state = 'running'
    returning tried.index::int as index`.execute(tx);
  return new Set(rows.map(({ index }) => index - 1));
}

/** Claims keys that were never used, in one order for everybody; the answer names those that were free. */
export async function claimKeys(tx: Tx, keys: readonly IdempotencyKey[]): Promise<ReadonlySet<string>> {
  const rows = await tx
    .insertInto('idempotency_key')
    .values(
      keys
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ key, requestHash }) => ({ key, request_hash: requestHash, seq: 0 })),
    )
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .execute();
  return new Set(rows.map(({ key }) => key));
}

export async function setKeySeqs(tx: Tx, seqs: ReadonlyMap<string, Seq>): Promise<void> {
  await sql`
    update idempotency_key set seq = v.seq
    from unnest(${[...seqs.keys()]}::text[], ${[...seqs.values()]}::bigint[]) as v (key, seq)
    where idempotency_key.key = v.key`.execute(tx);
}

export async function readKeys(tx: Tx, keys: readonly string[]): Promise<ReadonlyMap<string, UsedKey>> {
  const rows = await tx
    .selectFrom('idempotency_key')
    .select(['key', 'seq', 'request_hash'])
    .where('key', 'in', keys)
    .execute();
  return new Map(rows.map(({ key, seq, request_hash }) => [key, { seq, requestHash: request_hash }]));
}

/** An event at its position. */
export interface PlacedEvent {
  readonly seq: Seq;
  readonly batchEnd: Seq;
  readonly event: NewAssetEvent;
  readonly source: EventSource;
}

export async function insertEvents(tx: Tx, placed: readonly PlacedEvent[], at: Date): Promise<void> {
  const task = placed.map(({ source }) => (source.kind === 'task' ? source : null));
  await sql`
    insert into asset_event
      (seq, batch_end, asset_id, recorded_at, extra, partition_key, source_dag_id, source_run_id, source_task_id)
    select seq, batch_end, asset_id, ${at}, extra::jsonb, partition_key, dag_id, run_id, task_id
    from unnest(
      ${placed.map(({ seq }) => seq)}::bigint[], ${placed.map(({ batchEnd }) => batchEnd)}::bigint[],
      ${placed.map(({ event }) => event.assetId)}::int[], ${placed.map(({ event }) => JSON.stringify(event.extra))}::text[],
      ${placed.map(({ event }) => event.partitionKey ?? null)}::text[],
      ${task.map((source) => source?.dagId ?? null)}::text[], ${task.map((source) => source?.runId ?? null)}::text[],
      ${task.map((source) => source?.taskId ?? null)}::text[]
    ) as e (seq, batch_end, asset_id, extra, partition_key, dag_id, run_id, task_id)`.execute(tx);
}
