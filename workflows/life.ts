import { log, sleep } from '@temporalio/workflow';
import type { Claim } from '../core/claim.ts';
import {
  type AskedRun,
  type Consumer,
  type Decision,
  decide,
  flightOf,
  freeSlots,
  withoutExpired,
  withRun,
} from '../core/consumer.ts';
import type { Definition } from '../core/definition.ts';
import { isMissed, withoutDue } from '../core/deadline.ts';
import { unreachable } from '../core/errors.ts';
import { explainConsumer, missingNames } from '../core/explanation.ts';
import { flightOfEvents, withFlights, withHeldBack, withStopping } from '../core/flights.ts';
import type { Gate } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import { recalled } from '../core/pending-keys.ts';
import { isOfFirst, slotOf } from '../core/slot.ts';
import { type StepInput, withInput } from '../core/steps.ts';
import {
  admitRuns,
  checkpoint,
  claimGate,
  openParts,
  openRuns,
  stopRuns,
  writeDeadline,
  recallMet,
} from './local-activities.ts';
import { cancelRun } from './cancel-run.ts';
import { lifeOfRemoved } from './removed-dag.ts';
import { mostStarted, type RunStarter } from './run-starter.ts';

/** A consumer from one claim of its gate to the next. JSON-safe. */
export interface Life {
  readonly dagId: DagId;
  readonly log: string;
  readonly epoch: number;
  /** What this life has written so far. */
  readonly steps: number;
  readonly definition: Definition;
  readonly consumer: Consumer;
  /** Events counted since the gate was last stored. */
  readonly uncheckpointed: number;
  /** What reached it since its last step. */
  readonly since?: readonly StepInput[];
  /** Until when a due decision waits for events that are on their way. */
  readonly behindUntil?: number;
  readonly searchAttributes: readonly SearchAttributeName[];
  /** Set once the DAG is gone and nothing is left to do. */
  readonly isOver: boolean;
}

/** Claims the gate and opens what it already asks for. */
export async function begin(runs: RunStarter, dagId: DagId): Promise<Life> {
  return settle(runs, await claim(dagId));
}

/** What a definition says about the runs of its consumer. */
export function termsOf({
  maxActiveRuns,
  requestedRunsConsume,
  ticksWait,
  singleFlight,
}: Definition): Pick<Consumer, 'maxActiveRuns' | 'requestedRunsConsume' | 'ticksWait' | 'singleFlight'> {
  return {
    ...{ maxActiveRuns, requestedRunsConsume },
    ...(ticksWait === true ? { ticksWait } : {}),
    ...(singleFlight === undefined ? {} : { singleFlight }),
  };
}

/** What the next thing that a life writes is known by. */
export function nextStep({ dagId, epoch, steps, since = [] }: Life): Claim {
  return { dagId, epoch, step: steps + 1, ...(since.length === 0 ? {} : { since }) };
}

/** A life that something reached. */
export function reached(life: Life, input: StepInput): Life {
  return { ...life, since: withInput(life.since ?? [], input) };
}

/** A life that has written something. */
export function stepped(life: Life): Life {
  return { ...life, steps: life.steps + 1, since: [] };
}

/** Does what the core decides until there is nothing left to do. */
export async function settle(runs: RunStarter, life: Life): Promise<Life> {
  if (life.isOver) return life;
  const decision = decide(life.consumer);
  switch (decision.kind) {
    case 'wait':
      return life;
    case 'open': {
      const { run, gate } = decision;
      const consumer = withRun({ ...life.consumer, gate }, run.runId, flightOf(run));
      const next = await open(runs, life, { consumer, asked: [run], gate });
      return next.epoch === life.epoch ? settle(runs, next) : next;
    }
    case 'recall': {
      const { gate } = life.consumer;
      const { queued, ...forgotten } = await recallMet({ dagId: life.dagId, gate });
      const consumer = { ...life.consumer, gate: recalled(gate, queued, forgotten) };
      const next = { ...life, consumer };
      // What was too old by now is written down, or it would be read again.
      return settle(runs, consumer.gate.expired === undefined ? next : await storeGate(runs, next));
    }
    case 'open parts':
      return openSome(runs, life, decision.most);
    case 'stop':
      return stop(runs, life, decision);
    case 'admit':
      return admit(runs, life, decision);
    case 'deadline':
      return passDeadline(runs, life, decision);
    default:
      return unreachable(decision);
  }
}

/** Stores the gate as it is, and writes down what became too old. */
export async function storeGate(runs: RunStarter, life: Life): Promise<Life> {
  const { dagId, definition, consumer } = life;
  const { gate } = consumer;
  const stored = await checkpoint({ ...nextStep(life), version: definition.version, gate });
  if (stored === 'stale') return begin(runs, dagId);
  return { ...stepped(life), consumer: { ...consumer, gate: withoutExpired(gate) }, uncheckpointed: 0 };
}

/** Opens runs that each take a part of the queue, and goes on with what is left. */
async function openSome(runs: RunStarter, life: Life, free: number): Promise<Life> {
  const { dagId, definition } = life;
  const most = Math.min(free, mostStarted(definition));
  await runs.hasRoomFor(definition, most);
  const { version } = definition;
  const { consumer: before } = life;
  const flight = flightOfEvents(before, null);
  const opened = await openParts({ ...nextStep(life), version, most, gate: before.gate, ...flight });
  if (opened.kind === 'stale') return begin(runs, dagId);
  if (opened.kind === 'conflict') return beginLater(runs, dagId, []);
  for (const runId of opened.runIds) runs.start(life, { runId, attempt: 1, trigger: 'asset' });
  const consumer = opened.runIds.reduce((held, runId) => withRun(held, runId, flightOf(flight)), {
    ...before,
    gate: opened.gate,
  });
  return settle(runs, { ...stepped(life), consumer, uncheckpointed: 0 });
}

/** Opens what batches asked for, all in one step, and starts it. */
export async function open(
  runs: RunStarter,
  life: Life,
  {
    consumer,
    asked,
    gate,
  }: { readonly consumer: Consumer; readonly asked: readonly AskedRun[]; readonly gate: Gate },
): Promise<Life> {
  const { dagId, definition } = life;
  if (asked.length === 0) return { ...life, consumer };
  await runs.hasRoomFor(definition, asked.length);
  const opened = await openRuns({ ...nextStep(life), version: definition.version, asked, gate });
  if (opened === 'stale') return begin(runs, dagId);
  const ids = asked.map(({ runId }) => runId);
  if (opened === 'conflict') return beginLater(runs, dagId, ids);
  for (const { runId, key } of asked) {
    const partitionKey = key === undefined ? {} : { partitionKey: key };
    runs.start(life, { runId, attempt: 1, trigger: 'asset', ...partitionKey });
  }
  return { ...stepped(life), consumer, uncheckpointed: 0 };
}

/** Lets in as many requested runs as there are slots, and starts them. */
async function admit(
  runs: RunStarter,
  life: Life,
  { isOwed, taken, expired = [], gate }: Extract<Decision, { kind: 'admit' }>,
): Promise<Life> {
  const { dagId, definition, consumer } = life;
  const { activeRuns } = consumer;
  const most = isOwed === true ? 1 : Math.min(mostStarted(definition), freeSlots(consumer));
  await runs.hasRoomFor(definition, most);
  const { version } = definition;
  // Where ticks wait, they are let in apart from all others.
  const which =
    definition.ticksWait === true ? ({ which: isOwed === true ? 'ticks' : 'others' } as const) : {};
  const single = definition.singleFlight === undefined ? {} : ({ isSingle: true } as const);
  const admitted = await admitRuns({
    ...nextStep(life),
    version,
    activeRuns,
    most,
    taken,
    expired,
    gate,
    ...which,
    ...single,
  });
  if (admitted.kind === 'stale') return begin(runs, dagId);
  if (admitted.kind === 'conflict') return beginLater(runs, dagId, []);
  for (const run of admitted.runs) runs.start(life, run);
  const slots = admitted.runs.map(({ runId, attempt }) => slotOf(runId, attempt));
  const left = slots.some(isOfFirst) ? gate : consumer.gate;
  const held = admitted.runs.reduce(
    (holding, { runId, attempt, flightKey, partitionKey: key }) =>
      withRun(
        holding,
        slotOf(runId, attempt),
        flightOf({ ...(flightKey !== undefined && { flightKey }), ...(key !== undefined && { key }) }),
      ),
    { ...consumer, gate: left },
  );
  const { hasMore, owed = null } = admitted;
  const waiting = definition.ticksWait === true ? { owed } : {};
  const hasRequests = isOwed === true ? consumer.hasRequests : hasMore;
  const back = withHeldBack(held, isOwed === true ? 'ticks' : 'others', admitted.heldBack);
  return settle(runs, { ...stepped(life), consumer: { ...back, hasRequests, ...waiting } });
}

/** Tells runs to make way for newer ones of their key: it is written down, so that a sweep tells those that it did not reach. */
async function stop(
  runs: RunStarter,
  life: Life,
  { slots, looks }: Extract<Decision, { kind: 'stop' }>,
): Promise<Life> {
  const { dagId, consumer } = life;
  const { gate, flights = {} } = consumer;
  const stopped = await stopRuns({ ...nextStep(life), counted: gate.watermark, slots, looks });
  if (stopped.kind === 'stale') return begin(runs, dagId);
  const told = stopped.slots.filter((slot) => flights[slot]?.isStopping !== true);
  for (const slot of told) cancelRun(dagId, slot);
  return settle(runs, { ...stepped(life), consumer: withStopping(consumer, [...slots, ...stopped.slots]) });
}

/** Writes down what becomes of a deadline, and starts the run that it starts. */
async function passDeadline(
  runs: RunStarter,
  life: Life,
  decision: Extract<Decision, { kind: 'deadline' }>,
): Promise<Life> {
  const { dagId, definition, consumer } = life;
  const { kind: _, gate, ...decided } = decision;
  const { dueAt, outcome, runId } = decided;
  if (runId !== undefined) await runs.hasRoomFor(definition, 1);
  const missing = isMissed(outcome) ? missingNames(explainConsumer(consumer, definition).explanation) : [];
  const { version } = definition;
  const flight = runId === undefined ? {} : flightOfEvents(consumer, null);
  const written = await writeDeadline({ ...nextStep(life), ...decided, version, missing, gate, ...flight });
  if (written === 'stale') return begin(runs, dagId);
  if (written === 'conflict') return beginLater(runs, dagId, runId === undefined ? [] : [runId]);
  const next = stepped(life);
  // Somebody made it up, or it was decided before.
  if (written === 'unknown')
    return settle(runs, { ...next, consumer: { ...consumer, gate: withoutDue(consumer.gate, dueAt) } });
  if (isMissed(outcome))
    log.warn('deadline missed', { dagId, deadline: new Date(dueAt).toISOString(), outcome, missing });
  if (runId === undefined)
    return settle(runs, { ...next, consumer: { ...consumer, gate }, uncheckpointed: 0 });
  runs.start(life, { runId, attempt: 1, trigger: 'scheduled' });
  const holding = withRun({ ...consumer, gate }, runId, flightOf(flight));
  return settle(runs, { ...next, consumer: holding, uncheckpointed: 0 });
}

async function claim(dagId: DagId): Promise<Life> {
  const claimed = await claimGate(dagId);
  const { searchAttributes } = claimed;
  if (claimed.kind === 'retired') return lifeOfRemoved(dagId);
  const { log: logId, epoch, definition, gate, isPaused, activeRuns, hasRequests, flights } = claimed;
  const consumer = { ...termsOf(definition), gate, isPaused, activeRuns, hasRequests };
  return {
    ...{ dagId, log: logId, epoch, steps: 0, definition, searchAttributes, isOver: false },
    consumer: withFlights(consumer, flights),
    uncheckpointed: 0,
  };
}

/** A run's id stands for other events: only a log that was put back can bring that about, so somebody has to look. */
async function beginLater(runs: RunStarter, dagId: DagId, runIds: readonly RunId[]): Promise<Life> {
  log.error('run exists with other events', { dagId, runIds });
  await sleep('10 seconds', { summary: 'a run of this id exists with other events' });
  return begin(runs, dagId);
}
