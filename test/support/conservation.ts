import { sql } from 'kysely';
import type { Seq } from '../../core/asset-event.ts';
import { leafOfSubscription } from '../../core/leaves.ts';
import { type Consumer, decide } from '../../core/consumer.ts';
import type { DagId } from '../../core/ids.ts';
import { slotOf } from '../../core/slot.ts';
import { consumerWorkflowId, runWorkflowId } from '../../core/workflow-names.ts';
import type { Db } from '../../store/database.ts';
import { readConsumer } from '../../store/gate.ts';
import { readRun } from '../../store/runs.ts';
import { findOpenRuns } from '../../store/sweep.ts';
import type { Temporal } from '../../temporal/deps.ts';
import { stepViolations } from './steps.ts';
import { gateQuery } from '../../workflows/messages.ts';

/** Where the truth is looked for, and what must be in it. */
export interface Books {
  readonly db: Db;
  readonly temporal: Temporal;
  /** The extra's `n` of every event whose request was answered with success. */
  readonly accepted: readonly string[];
}

/**
 * Whatever was killed, once all is at rest: the log is gapless, every accepted event and every task success is in it once, each
 * event is for each consumer either queued or consumed by one run, runs saw what they consumed, and no slot is held by nothing.
 * @returns what is not so, in words
 */
export async function violations(books: Books): Promise<readonly string[]> {
  const found = await Promise.all([
    logViolations(books),
    acceptedViolations(books),
    successViolations(books),
    outletViolations(books),
    intervalViolations(books),
    slotViolations(books),
    stepViolations(books.db),
  ]);
  return found.flat();
}

/** Why this project has not come to rest: runs that are open, events that were not sent, gates that are met. */
export async function unrest({ db, temporal }: Omit<Books, 'accepted'>): Promise<readonly string[]> {
  const open = await db
    .selectFrom('run')
    .select(['dag_id', 'run_id', 'state'])
    .where((where) =>
      where.or([where('state', 'in', ['queued', 'running']), where('is_close_reported', '=', false)]),
    )
    .execute();
  const untold = await db
    .selectFrom('run_attempt')
    .select(['dag_id', 'run_id', 'attempt'])
    .where('is_last_reported', '=', false)
    .execute();
  const reasons = [
    ...open.map(({ dag_id, run_id, state }) => `${dag_id} ${run_id} is ${state} or not reported`),
    ...untold.map((run) => `${run.dag_id} ${run.run_id} is not reported as it was before ${run.attempt}`),
  ];
  for (const dagId of await consumersOf(db)) {
    const stored = (await readConsumer(db, dagId))?.consumer;
    const held = await gateOf(temporal, dagId);
    if (stored === undefined || held === null) reasons.push(`${dagId} has no gate`);
    else if (queueOf(stored) !== queueOf(held)) {
      reasons.push(`${dagId} holds ${queueOf(held)}, but ${queueOf(stored)} is queued for it`);
    } else if (decide(held).kind !== 'wait') reasons.push(`${dagId} could open a run`);
    else if (held.activeRuns.length > 0) reasons.push(`${dagId} waits for ${held.activeRuns.join(', ')}`);
  }
  return reasons;
}

/** Every position is one event or one deploy, and the events of one batch lie together. */
async function logViolations({ db }: Books): Promise<readonly string[]> {
  const { rows } = await sql<{ head: Seq; taken: number; different: number; first: Seq; last: Seq }>`
    with entry as (select seq from asset_event union all select distinct seq from dag_version)
    select (select head from log) as head, count(*) + (select events_pruned from project) as taken,
      count(distinct seq) + (select events_pruned from project) as different,
      case when (select events_pruned from project) = 0 then min(seq) else 1 end as first, max(seq) as last from entry`.execute(
    db,
  );
  const torn = await sql<{ batch_end: Seq }>`
    select batch_end from asset_event group by batch_end
    having (max(seq) <> batch_end or max(seq) - min(seq) + 1 <> count(*))
      and batch_end > (select events_pruned_upto from project)`.execute(db);
  const [log] = rows;
  const isGapless =
    log !== undefined &&
    log.first === 1 &&
    [log.taken, log.different, log.last].every((number) => number === log.head);
  return [
    ...(isGapless ? [] : [`the log has gaps: ${JSON.stringify(log)}`]),
    ...torn.rows.map(({ batch_end }) => `the batch that ends at ${batch_end} is torn`),
  ];
}

async function acceptedViolations({ db, accepted }: Books): Promise<readonly string[]> {
  const { rows } = await sql<{ n: string; times: number }>`
    select n, count(e.seq) as times from unnest(${accepted}::text[]) as n
    left join asset_event e on e.extra ->> 'n' = n group by n having count(e.seq) <> 1`.execute(db);
  return rows.map(({ n, times }) => `accepted event ${n} is recorded ${times} times`);
}

/** A task of one outlet recorded one event each time it ran and succeeded, and none besides: not when it was kept, nor when somebody marked it. */
async function successViolations({ db }: Books): Promise<readonly string[]> {
  const { rows } = await sql<{ dag_id: string; run_id: string; successes: number; events: number }>`
    with task as (
      select t.dag_id, t.run_id, t.task_id, t.map_index, count(*) filter (where ${trueStateOf('t', 't.task_id', 't.state')} = 'success') as successes
      from task_run t join dag_task o on o.dag_id = t.dag_id and o.task_id = t.task_id and o.role = 'outlet'
      where t.ran_in is null group by t.dag_id, t.run_id, t.task_id, t.map_index
    )
    select t.*, count(e.seq) as events from task t
    left join asset_event e on e.source_dag_id = t.dag_id and e.source_run_id = t.run_id and e.source_task_id = t.task_id
      and e.source_map_index = t.map_index
    group by t.dag_id, t.run_id, t.task_id, t.map_index, t.successes having count(e.seq) <> t.successes`.execute(
    db,
  );
  return rows.map(
    ({ dag_id, run_id, successes, events }) =>
      `a task of ${dag_id} ${run_id} succeeded ${successes} times and recorded ${events} events`,
  );
}

/** A run recorded one event of each outlet that its DAG has as a whole each time it succeeded by a task that did, and none besides. */
async function outletViolations({ db }: Books): Promise<readonly string[]> {
  const { rows } = await sql<{ dag_id: string; run_id: string; successes: number; events: number }>`
    with ended as (
      select dag_id, run_id, attempt, state from run
      union all select dag_id, run_id, attempt - 1, last_state from run_attempt
    ), whole as (
      select r.dag_id, r.run_id, count(*) filter (where ${trueStateOf('r', 'null', 'r.state')} = 'success' and exists (
        select from task_run t where t.dag_id = r.dag_id and t.run_id = r.run_id and t.attempt = r.attempt
          and ${trueStateOf('t', 't.task_id', 't.state')} = 'success'
      )) as successes
      from ended r group by r.dag_id, r.run_id
    )
    select r.dag_id, r.run_id, r.successes, count(e.seq) as events
    from whole r join dag_outlet o on o.dag_id = r.dag_id left join asset_event e
      on e.source_dag_id = r.dag_id and e.source_run_id = r.run_id and e.source_task_id is null and e.asset_id = o.asset_id
    group by r.dag_id, r.run_id, r.successes, o.asset_id having count(e.seq) <> r.successes`.execute(db);
  return rows.map(
    ({ dag_id, run_id, successes, events }) =>
      `${dag_id} ${run_id} succeeded ${successes} times and as a whole recorded ${events} events`,
  );
}

/** How something ended by itself, whatever somebody said of it by hand. */
function trueStateOf(table: string, taskId: string, state: string) {
  const marks = sql.raw(`from mark m where m.dag_id = ${table}.dag_id and m.run_id = ${table}.run_id
    and m.attempt = ${table}.attempt and m.task_id is not distinct from ${taskId}
    ${taskId === 'null' ? '' : `and coalesce(m.map_index, ${table}.map_index) = ${table}.map_index`}`);
  return sql`case when exists (select ${marks}) then (select m.was ${marks} order by m.id limit 1) else ${sql.raw(state)} end`;
}

/** Intervals of each subscription are adjacent, count what lies in them, and what lies behind the last one is queued. */
async function intervalViolations({ db }: Books): Promise<readonly string[]> {
  const subscriptions = await db.selectFrom('subscription').selectAll().execute();
  const { events_pruned_upto: prunedUpTo } = await db
    .selectFrom('project')
    .select('events_pruned_upto')
    .executeTakeFirstOrThrow();
  const found: string[] = [];
  const seen = new Map<string, Seq[]>();
  for (const { id, dag_id, asset_id, alias_id, after_seq, until_seq } of subscriptions) {
    const { rows: events } = await sql<{ seq: Seq }>`
      select seq from (
        select seq from asset_event where asset_id = ${asset_id}
        union all select seq from asset_event_alias where alias_id = ${alias_id}
      ) where seq > ${after_seq} and seq <= ${until_seq ?? Number.MAX_SAFE_INTEGER} order by seq`.execute(db);
    const intervals = await db
      .selectFrom('consumption')
      .selectAll()
      .where('subscription_id', '=', id)
      .orderBy('after_seq')
      .execute();
    let reached = after_seq;
    for (const { after_seq: from, upto_seq: to, count, run_id } of intervals) {
      const within = events.map(({ seq }) => seq).filter((seq) => seq > from && seq <= to);
      const where = `${dag_id}, subscription ${id}, (${from}, ${to}]`;
      if (from !== reached && from > prunedUpTo) found.push(`${where} does not follow ${reached}`);
      const isPruned = to <= prunedUpTo && within.length < count;
      if (within.length !== count && !isPruned)
        found.push(`${where} says ${count} events, has ${within.length}`);
      // Of a run that is gone only what it left is known.
      if (run_id !== null && (await readRun(db, dag_id, run_id)) !== undefined)
        seen.set(`${dag_id} ${run_id}`, [...(seen.get(`${dag_id} ${run_id}`) ?? []), ...within]);
      reached = to;
    }
    const left = events.filter(({ seq }) => seq > reached).length;
    const gate = (await readConsumer(db, dag_id))?.consumer.gate;
    const queued = gate?.queued[leafOfSubscription(id)]?.count ?? 0;
    if (queued !== left) found.push(`${dag_id}, subscription ${id}: ${left} events left, ${queued} queued`);
  }
  return [...found, ...(await runViolations(db, seen))];
}

/** A run that events started exists with what it consumed, and its task saw just that. */
async function runViolations(
  db: Db,
  consumed: ReadonlyMap<string, readonly Seq[]>,
): Promise<readonly string[]> {
  const runs = await db
    .selectFrom('run')
    .leftJoin('task_run', (join) =>
      join
        .onRef('task_run.dag_id', '=', 'run.dag_id')
        .onRef('task_run.run_id', '=', 'run.run_id')
        .onRef('task_run.attempt', '=', 'run.attempt'),
    )
    .select(['run.dag_id', 'run.run_id', 'run.state', 'task_run.result', 'task_run.is_marked'])
    .where('run.trigger', '=', 'asset')
    .execute();
  const found: string[] = [];
  const known = new Set<string>();
  for (const { dag_id, run_id, state, result, is_marked } of runs) {
    const run = `${dag_id} ${run_id}`;
    known.add(run);
    const expected = (consumed.get(run) ?? []).toSorted((a, b) => a - b);
    if (expected.length === 0) found.push(`${run} consumed nothing`);
    if (state === 'success' && is_marked === false && JSON.stringify(result) !== JSON.stringify(expected)) {
      found.push(`${run} consumed ${JSON.stringify(expected)} but its task saw ${JSON.stringify(result)}`);
    }
  }
  for (const run of consumed.keys()) if (!known.has(run)) found.push(`${run} consumed events and is no run`);
  return found;
}

/** Open rows have a running workflow and are what the consumer holds slots for. */
async function slotViolations({ db, temporal }: Books): Promise<readonly string[]> {
  const found: string[] = [];
  const open = await findOpenRuns(db);
  for (const { dagId, runId, attempt } of open) {
    const handle = temporal.client.workflow.getHandle(runWorkflowId(dagId, runId, attempt));
    const status = await handle.describe().then(
      (description) => description.status.name,
      () => 'missing',
    );
    if (status !== 'RUNNING') found.push(`${dagId} ${runId} is open, its workflow is ${status}`);
  }
  for (const dagId of await consumersOf(db)) {
    const held = (await gateOf(temporal, dagId))?.activeRuns.toSorted();
    const own = open.filter((run) => run.dagId === dagId);
    const rows = own.map(({ runId, attempt }) => slotOf(runId, attempt));
    if (JSON.stringify(held) !== JSON.stringify(rows.toSorted())) {
      found.push(`${dagId} holds slots for ${JSON.stringify(held)}, open are ${JSON.stringify(rows)}`);
    }
  }
  return found;
}

async function consumersOf(db: Db): Promise<readonly DagId[]> {
  const rows = await db.selectFrom('dag').select('dag_id').where('retired_at', 'is', null).execute();
  return rows.map(({ dag_id }) => dag_id);
}

async function gateOf({ client }: Temporal, dagId: DagId): Promise<Consumer | null> {
  const handle = client.workflow.getHandle(consumerWorkflowId(dagId));
  // Without a worker there is no answer, and the client would ask again for a minute.
  return client.withDeadline(Date.now() + 5_000, () => handle.query(gateQuery)).catch(() => null);
}

function queueOf({ gate }: Consumer): string {
  return JSON.stringify(
    Object.entries(gate.queued).map(([leaf, { count, lastSeq }]) => [leaf, count, lastSeq]),
  );
}
