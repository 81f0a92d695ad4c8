import { sql } from 'kysely';
import type { DagId } from '../core/ids.ts';
import type { QueueLimit } from '../core/queue-limit.ts';
import type { SingleFlight } from '../core/single-flight.ts';
import type { Tx } from './log.ts';

/** Lets one request of a DAG with terms be judged at a time; the second number is the DAG's own. */
const requestLock = 7_401_003;

/** What a DAG says about requests for its runs. */
export interface RequestTerms {
  readonly limit: QueueLimit | null;
  readonly singleFlight: SingleFlight | null;
  readonly maxActiveRuns: number;
  /** Whether runs by time wait for assets; they then are no room for others. */
  readonly ticksWait: boolean;
}

/** @returns `null` where every request is taken */
export async function readRequestTerms(tx: Tx, dagId: DagId): Promise<RequestTerms | null> {
  const { rows } = await sql<RequestTerms>`
    select v.plan -> 'maxQueuedRuns' as limit, v.plan -> 'singleFlight' as "singleFlight",
      (v.plan ->> 'maxActiveRuns')::int as "maxActiveRuns", coalesce((v.plan ->> 'ticksWait')::boolean, false) as "ticksWait"
    from dag d join dag_version v on v.dag_id = d.dag_id and v.version = d.version
    where d.dag_id = ${dagId}`.execute(tx);
  const [terms] = rows;
  return terms === undefined || (terms.limit === null && terms.singleFlight === null) ? null : terms;
}

/** Until the transaction ends nobody else asks for a run of the DAG. */
export async function lockRequests(tx: Tx, dagId: DagId): Promise<void> {
  await sql`select pg_advisory_xact_lock(${requestLock}, hashtext(${dagId}))`.execute(tx);
}
