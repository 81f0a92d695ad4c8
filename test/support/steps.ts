import { isDeepStrictEqual } from 'node:util';
import { sql } from 'kysely';
import type { Seq } from '../../core/asset-event.ts';
import { type Batch, type Delivery, toBatches } from '../../core/batch.ts';
import {
  type Consumer,
  decide,
  flightOf,
  letPass,
  takeBatches,
  withoutRuns,
  withRun,
} from '../../core/consumer.ts';
import { flightOfEvents, withFlights, withHeldBack, withRequests, withStopping } from '../../core/flights.ts';
import type { Definition } from '../../core/definition.ts';
import { withDue } from '../../core/deadline.ts';
import { pauseGate, type Queued, reach, type Taken } from '../../core/gate.ts';
import { redefine } from '../../core/gate-terms.ts';
import type { DagId, RunId } from '../../core/ids.ts';
import { type LeafId, leafOfSubscription, ofKey } from '../../core/leaves.ts';
import { isOfFirst } from '../../core/slot.ts';
import type { StepDeed, StepInput } from '../../core/steps.ts';
import type { Db } from '../../store/database.ts';
import { eventsOf, ofSubscription } from '../../store/events-of-subscription.ts';

type Step = {
  readonly epoch: number;
  readonly step: number;
  readonly counted: Seq;
  readonly inputs: readonly StepInput[];
} & StepDeed;

/**
 * Goes through the steps of every consumer again, with nothing but the log, the definitions and what had reached it, and compares what comes of it.
 * @returns what is not so, in words
 */
export async function stepViolations(db: Db): Promise<readonly string[]> {
  const dags = await db.selectFrom('consumer').select('dag_id').execute();
  const { events_pruned_upto: prunedUpTo } = await db
    .selectFrom('project')
    .select('events_pruned_upto')
    .executeTakeFirstOrThrow();
  const found: string[] = [];
  for (const { dag_id: dagId } of dags) {
    const [all, deliveries, versions] = await Promise.all([
      readSteps(db, dagId),
      readDeliveries(db, dagId),
      db.selectFrom('dag_version').select(['version', 'definition']).where('dag_id', '=', dagId).execute(),
    ]);
    // What went before is not in the log any more.
    const begun = all.findIndex((step) => step.kind === 'claimed' && step.gate.watermark >= prunedUpTo);
    const steps = prunedUpTo === 0 ? all : begun < 0 ? [] : all.slice(begun);
    const definitions = new Map(versions.map(({ version, definition }) => [version, definition]));
    // Which part of the queue a run takes is not followed here.
    if ([...definitions.values()].some(({ takes }) => takes !== undefined)) continue;
    // One that was made up is only found out in the store.
    if (steps.some((step) => step.kind === 'deadline' && step.outcome === 'unknown')) continue;
    found.push(...replay(steps, deliveries, definitions).map((reason) => `${dagId}: ${reason}`));
  }
  return found;
}

function replay(
  steps: readonly Step[],
  deliveries: readonly Delivery[],
  definitions: ReadonlyMap<number, Definition>,
): readonly string[] {
  const found: string[] = [];
  let consumer: Consumer | undefined;
  let definition: Definition | undefined;
  let stored: Consumer['gate'] | undefined;
  let storedByAdmissions: (Consumer['gate'] | null)[] = [];
  let decided: RunId[] = [];
  let letIn: Pick<
    Extract<Step, { kind: 'admitted' }>,
    'runIds' | 'owed' | 'hasMore' | 'flights' | 'heldBack'
  >[] = [];
  let stops: Extract<Step, { kind: 'stopped' }>[] = [];
  let passed: object[] = [];

  const settle = (before: Consumer): Consumer => {
    let next = before;
    for (;;) {
      const decision = decide(next);
      if (decision.kind === 'open') {
        decided.push(decision.run.runId);
        next = withRun({ ...next, gate: decision.gate }, decision.run.runId, flightOf(decision.run));
      } else if (decision.kind === 'deadline') {
        const { dueAt, outcome, runId } = decision;
        const runIds = runId === undefined ? [] : [runId];
        passed.push({ dueAt, outcome, runIds });
        next = runIds.reduce((held, id) => withRun(held, id, flightOf(flightOfEvents(next, null))), {
          ...next,
          gate: decision.gate,
        });
      } else if (decision.kind === 'admit' && letIn.length > 0) {
        const {
          runIds,
          hasMore = false,
          owed = null,
          flights = {},
          heldBack,
        } = letIn.shift() ?? {
          runIds: [],
        };
        // A later attempt has had its events since the first, and leaves the queue alone.
        const consumes = runIds.some(isOfFirst);
        const gate = consumes ? decision.gate : next.gate;
        // Letting runs in stores the gate only where they take something out of it.
        storedByAdmissions.push(consumes && decision.taken.length > 0 ? gate : null);
        next = runIds.reduce<Consumer>((held, slot) => withRun(held, slot, flights[slot]), {
          ...next,
          gate,
          owed,
          hasRequests: decision.isOwed === true ? next.hasRequests : hasMore,
        });
        next = withHeldBack(next, decision.isOwed === true ? 'ticks' : 'others', heldBack);
      } else if (decision.kind === 'stop' && stops.length > 0) {
        const { runIds } = stops.shift() ?? { runIds: [] };
        next = withStopping(next, [...decision.slots, ...runIds]);
      } else return next;
    }
  };
  const feed = (before: Consumer, upTo: Seq): Consumer => {
    const own = deliveries.filter(({ seq }) => seq > before.gate.watermark && seq <= upTo);
    if (own.length === 0 && upTo <= before.gate.watermark) return before;
    let next = before;
    let rest: readonly Batch[] = toBatches(own);
    const more =
      (own.at(-1)?.batchEnd ?? 0) > upTo &&
      deliveries.some(({ seq, batchEnd }) => seq > upTo && batchEnd === own.at(-1)?.batchEnd);
    do {
      const taken = takeBatches(next, rest, { upTo, more });
      decided.push(...taken.asked.map(({ runId }) => runId));
      next = settle(taken.consumer);
      rest = taken.rest;
    } while (rest.length > 0);
    return next;
  };
  const apply = (before: Consumer, input: StepInput): Consumer => {
    if (input.kind === 'closed') return settle(withoutRuns(before, input.runIds));
    if (input.kind === 'requested') return settle(withRequests(before));
    if (input.kind === 'deadline') return settle({ ...before, gate: withDue(before.gate, input.dueAt) });
    let next = { ...before, gate: reach(before.gate, input.counted, false) };
    for (;;) {
      const passed = letPass(next, input.at);
      next = passed.consumer;
      if (!passed.isOpenable) return next;
      next = settle(next);
    }
  };

  for (const [index, step] of steps.entries()) {
    const where = `step ${step.epoch}.${step.step} (${step.kind})`;
    if (step.kind === 'claimed') {
      if (stored !== undefined && !isDeepStrictEqual(plain(stored), plain(step.gate)))
        found.push(
          `${where} begins with another gate than was stored, after ${JSON.stringify(steps.slice(Math.max(0, index - 6), index))}: ${JSON.stringify([stored, step.gate])}`,
        );
      definition = definitions.get(step.version);
      decided = [];
      passed = [];
      storedByAdmissions = [];
      letIn = steps
        .slice(index + 1)
        .filter((one) => one.epoch === step.epoch)
        .flatMap((one) => (one.kind === 'admitted' ? [one] : []));
      stops = steps
        .slice(index + 1)
        .filter((one) => one.epoch === step.epoch)
        .flatMap((one) => (one.kind === 'stopped' ? [one] : []));
      if (definition === undefined) return [...found, `${where} has no definition`];
      const { maxActiveRuns, requestedRunsConsume, ticksWait = false } = definition;
      const { gate, isPaused, activeRuns, hasRequests, flights } = step;
      const { singleFlight } = definition;
      const begun = {
        gate,
        isPaused,
        activeRuns,
        hasRequests,
        maxActiveRuns,
        requestedRunsConsume,
        ticksWait,
        ...(singleFlight === undefined ? {} : { singleFlight }),
      };
      consumer = settle(withFlights(begun, flights));
      stored ??= gate;
      continue;
    }
    if (consumer === undefined || definition === undefined) continue;
    for (const input of step.inputs) consumer = apply(feed(consumer, input.counted), input);
    consumer = feed(consumer, step.counted);
    const lacks = { opened: decided, deadline: passed }[String(step.kind)]?.length === 0;
    const next = deliveries.find(({ seq }) => seq > step.counted);
    // What it had counted did not bring it about, so it was the time that passed before what came next.
    if (lacks && next !== undefined) consumer = settle(letPass(consumer, next.at - 1).consumer);
    switch (step.kind) {
      case 'opened': {
        const own = decided.splice(0, step.runIds.length);
        if (!isDeepStrictEqual(own, step.runIds))
          found.push(`${where} opened ${step.runIds.join()}, and the log says ${own.join()}`);
        break;
      }
      case 'adopted': {
        const next = definitions.get(step.version);
        if (next === undefined) return [...found, `${where} has no definition`];
        definition = next;
        const { maxActiveRuns, requestedRunsConsume, ticksWait = false } = next;
        // Whether ticks wait may be another answer now.
        const hasRequests =
          consumer.hasRequests ||
          (consumer.owed ?? null) !== null ||
          consumer.ticksWait !== ticksWait ||
          Object.keys(consumer.heldBack ?? {}).length > 0;
        const { singleFlight: _, flights: __, heldBack: ___, ...rest } = consumer;
        const adopted = {
          ...rest,
          ...{ ticksWait, owed: null, hasRequests },
          gate: redefine(consumer.gate, next, step.at).gate,
          maxActiveRuns,
          requestedRunsConsume,
          ...(next.singleFlight === undefined ? {} : { singleFlight: next.singleFlight }),
        };
        consumer = withFlights(adopted, step.flights);
        break;
      }
      case 'deadline': {
        const { dueAt, outcome, runIds } = step;
        const own = passed.shift();
        if (!isDeepStrictEqual(own, { dueAt, outcome, runIds }))
          found.push(`${where} says ${JSON.stringify(step)}, and the log ${JSON.stringify(own)}`);
        break;
      }
      case 'cleared':
        consumer = {
          ...consumer,
          gate: { ...consumer.gate, queued: withoutTaken(consumer, step.taken, deliveries) },
        };
        break;
      case 'paused':
      case 'resumed': {
        const isPaused = step.kind === 'paused';
        const { gate } = pauseGate(consumer.gate, {
          isPaused,
          whilePaused: definition.whilePaused,
          at: step.at,
        });
        consumer = { ...consumer, isPaused, gate };
        break;
      }
      default:
    }
    // Telling runs to stop stores no gate.
    if (step.kind !== 'stopped')
      stored = step.kind === 'admitted' ? (storedByAdmissions.shift() ?? stored) : consumer.gate;
    if (step.kind === 'adopted' || step.kind === 'cleared' || step.kind === 'resumed')
      consumer = settle(consumer);
  }
  if (decided.length > 0) found.push(`the log says that ${decided.join()} open, too`);
  return found;
}

/** What is stored is the gate behind the last run; how far it had counted by then may be less. */
function plain(gate: Consumer['gate']): object {
  // Which deadlines are to be decided, a table says.
  const deadlines = gate.deadlines && { ...gate.deadlines, due: [] };
  const apart = { deadlines, watermark: undefined, expired: undefined, held: undefined };
  return JSON.parse(JSON.stringify({ ...gate, ...apart }));
}

/** What stays of queues that were cleared: nothing, or where one was cut, what the log has behind the cut. */
function withoutTaken(
  { gate }: Consumer,
  taken: readonly Taken[],
  deliveries: readonly Delivery[],
): Consumer['gate']['queued'] {
  const left = Object.entries<Queued>(gate.queued).flatMap(([leaf, queued]) => {
    const { upTo } = taken.find((one) => one.leaf === leaf) ?? { upTo: queued.firstSeq - 1 };
    if (upTo < queued.firstSeq) return [[leaf, queued] as const];
    const rest = deliveries.filter((one) => one.leaf === leaf && one.seq > upTo && one.seq <= queued.lastSeq);
    const [first] = rest;
    if (first === undefined) return [];
    const { lastSeq, lastAt } = queued;
    return [[leaf, { count: rest.length, firstSeq: first.seq, lastSeq, firstAt: first.at, lastAt }] as const];
  });
  return Object.fromEntries(left);
}

async function readSteps(db: Db, dagId: DagId): Promise<readonly Step[]> {
  const rows = await db
    .selectFrom('consumer_step')
    .selectAll()
    .where('dag_id', '=', dagId)
    .orderBy('epoch')
    .orderBy('step')
    .execute();
  return rows.map(
    ({ epoch, step, counted, inputs, kind, detail }) =>
      ({ epoch, step, counted, inputs, kind, ...detail }) as Step,
  );
}

async function readDeliveries(db: Db, dagId: DagId): Promise<readonly Delivery[]> {
  const { rows } = await sql<{
    seq: Seq;
    batch_end: Seq;
    id: number;
    at: number;
    leaves: readonly LeafId[] | null;
    key: string | null;
    part: string | null;
    needs: number | null;
  }>`
    select e.seq, e.batch_end, s.id, (extract(epoch from e.recorded_at) * 1000)::bigint as at, e.leaves, e.key, e.part, e.needs
    from subscription s cross join lateral ${eventsOf(ofSubscription, {
      after: sql`s.live_after_seq`,
      upTo: sql`s.until_seq`,
      isPerKey: true,
    })} e where s.dag_id = ${dagId} order by e.seq`.execute(db);
  return rows.flatMap(({ seq, batch_end: batchEnd, id, at, leaves, key, part, needs }) => {
    const window = needs === null ? {} : { window: { needs, parts: part === null ? [] : [part] } };
    const met = leaves?.map((leaf) => ofKey(leaf, key === '' ? null : key)) ?? [leafOfSubscription(id)];
    return met.map((leaf): Delivery => ({ seq, batchEnd, leaf, at, ...window }));
  });
}
