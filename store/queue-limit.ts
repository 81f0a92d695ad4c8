import { sql } from 'kysely';
import type { DagId } from '../core/ids.ts';
import { aboutToStart, judgeRequest, type QueueLimit, type RunsNow } from '../core/queue-limit.ts';
import type { Tx } from './log.ts';

/** Lets one request of a DAG with a limit be judged at a time; the second number is the DAG's own. */
const queueLock = 7_401_003;

/** Whether there is room for one more requested run; where the oldest have to go, which: `dropped` behind the first `kept`. */
export type Room =
  | { readonly kind: 'take' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'drop'; readonly kept: number; readonly dropped: number; readonly max: number };

/** Looks for room; until the transaction ends nobody else is given the same. */
export async function findRoom(tx: Tx, dagId: DagId): Promise<Room> {
  const limit = await readLimit(tx, dagId);
  if (limit === null) return { kind: 'take' };
  await sql`select pg_advisory_xact_lock(${queueLock}, hashtext(${dagId}))`.execute(tx);
  const { rows } = await sql<RunsNow>`
    select count(*) filter (where r.admitted_at is null and not r.is_owed) as waiting,
      count(*) filter (where r.admitted_at is not null) as active,
      (select (v.plan ->> 'maxActiveRuns')::int from dag d join dag_version v on v.dag_id = d.dag_id and v.version = d.version where d.dag_id = ${dagId}) as "maxActiveRuns",
      (select is_paused from consumer where dag_id = ${dagId}) as "isPaused"
    from run r where r.dag_id = ${dagId} and r.state in ('queued', 'running')`.execute(tx);
  const [now] = rows;
  if (now === undefined) return { kind: 'take' };
  const verdict = judgeRequest(limit, now);
  return verdict.kind === 'drop' ? { ...verdict, kept: aboutToStart(now), max: limit.max } : verdict;
}

async function readLimit(tx: Tx, dagId: DagId): Promise<QueueLimit | null> {
  const { rows } = await sql<{ limit: QueueLimit | null }>`
    select v.plan -> 'maxQueuedRuns' as limit from dag d join dag_version v on v.dag_id = d.dag_id and v.version = d.version
    where d.dag_id = ${dagId}`.execute(tx);
  return rows[0]?.limit ?? null;
}

/** Closes the oldest requested runs that wait, as failed; those that are let in in this moment stay. Their consumer never heard of them. */
export async function dropOldest(
  tx: Tx,
  dagId: DagId,
  { kept, dropped, max }: Extract<Room, { readonly kind: 'drop' }>,
): Promise<void> {
  const reason = `dropped for a newer request: ${max} may wait (maxQueuedRuns)`;
  await sql`
    update run r set state = 'failed', reason = ${reason}, ended_at = clock(), is_close_reported = true
    from (
      select run_id from run where dag_id = ${dagId} and state = 'queued' and admitted_at is null and not is_owed
      order by number offset ${kept} limit ${dropped} for update
    ) oldest where r.dag_id = ${dagId} and r.run_id = oldest.run_id`.execute(tx);
}
