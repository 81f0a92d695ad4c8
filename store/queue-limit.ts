import { sql } from 'kysely';
import type { DagId, RunId } from '../core/ids.ts';
import { aboutToStart, judgeRequest, type RunsNow } from '../core/queue-limit.ts';
import { isFoldable } from './folded-requests.ts';
import type { Tx } from './log.ts';
import type { RequestTerms } from './request-terms.ts';
import type { RunRequest } from './requests.ts';
import { isHeldBack, startable } from './startable-runs.ts';

/**
 * Whether there is room for one more requested run; where the oldest have to go, which: `dropped` behind the first `kept`; where it becomes part
 * of the newest that waits, which one that is.
 */
export type Room =
  | { readonly kind: 'take' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'fold'; readonly runId: RunId }
  | { readonly kind: 'drop'; readonly kept: number; readonly dropped: number; readonly max: number };

/** Looks for room, with the DAG's requests locked. */
export async function findRoom(
  tx: Tx,
  request: RunRequest,
  terms: RequestTerms & { readonly waitsForRun: boolean; readonly key: string | null },
): Promise<Room> {
  const { limit, waitsForRun } = terms;
  if (limit === null) return { kind: 'take' };
  const now = await readRunsNow(tx, request.dagId, terms);
  const verdict = judgeRequest(limit, now, { waitsForRun });
  if (verdict.kind === 'drop') return { ...verdict, kept: aboutToStart(now), max: limit.max };
  return verdict.kind === 'fold' ? findNewest(tx, request, terms) : verdict;
}

async function readRunsNow(
  tx: Tx,
  dagId: DagId,
  { maxActiveRuns, singleFlight }: RequestTerms,
): Promise<RunsNow> {
  const isWaiting = sql`r.admitted_at is null and not r.is_owed`;
  const blocked =
    singleFlight === null ? sql`0` : sql`count(*) filter (where ${isWaiting} and ${isHeldBack('r')})`;
  const { rows } = await sql<Omit<RunsNow, 'maxActiveRuns'>>`
    select count(*) filter (where ${isWaiting}) as waiting, ${blocked} as blocked,
      count(*) filter (where r.admitted_at is not null) as active,
      (select is_paused from consumer where dag_id = ${dagId}) as "isPaused"
    from run r where r.dag_id = ${dagId} and r.state in ('queued', 'running')`.execute(tx);
  return { waiting: 0, blocked: 0, active: 0, isPaused: false, ...rows[0], maxActiveRuns };
}

/** The newest run that waits and may stand for others, of its key. Where none such waits, only runs of other keys or that run again, the request is refused. */
async function findNewest(
  tx: Tx,
  request: RunRequest,
  { key, ...terms }: RequestTerms & { readonly key: string | null },
): Promise<Room> {
  // Ticks that wait for assets become part of each other before; the first of them takes no room.
  if (terms.ticksWait && request.trigger === 'scheduled') return { kind: 'take' };
  const { rows } = await sql<{ run_id: RunId }>`
    select run_id from run r where r.dag_id = ${request.dagId} and not r.is_owed and ${isFoldable(terms, request)}
      and (${key}::text is null or r.flight_key = ${key})
    order by r.number desc limit 1`.execute(tx);
  const [newest] = rows;
  return newest === undefined ? { kind: 'reject' } : { kind: 'fold', runId: newest.run_id };
}

/** Closes the oldest requested runs that wait, as failed; those that are let in in this moment stay. Their consumer never heard of them. */
export async function dropOldest(
  tx: Tx,
  dagId: DagId,
  { kept, dropped, max }: Extract<Room, { readonly kind: 'drop' }>,
): Promise<void> {
  const reason = `dropped for a newer request: ${max} may wait (maxQueuedRuns)`;
  await sql`
    with oldest as materialized (
      select run_id from run where dag_id = ${dagId} and state = 'queued' and admitted_at is null and not is_owed
        and run_id not in (
          select run_id from run w where w.dag_id = ${dagId} and not w.is_owed and ${startable('w')} order by w.number limit ${kept}
        )
      order by number limit ${dropped} for update
    )
    update run r set state = 'failed', reason = ${reason}, ended_at = clock(), is_close_reported = true
    from oldest where r.dag_id = ${dagId} and r.run_id = oldest.run_id`.execute(tx);
}
