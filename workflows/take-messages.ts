import { log } from '@temporalio/workflow';
import { type Batch, unpackBatch } from '../core/batch.ts';
import { clear, type Clearing, clearsNothing, countTaken } from '../core/clearing.ts';
import { takeBatches, withoutRuns } from '../core/consumer.ts';
import { withFlights, withRequests } from '../core/flights.ts';
import { type Arrival, arrival, type Gate } from '../core/gate.ts';
import { begin, type Life, nextStep, open, reached, settle, stepped, storeGate, termsOf } from './life.ts';
import type { Slot } from '../core/slot.ts';
import { forgetKeys, keysToRecall, recalled } from '../core/pending-keys.ts';
import { adoptDefinition, clearQueue, recallKeys, setPaused } from './local-activities.ts';
import type { AssetEvents, ClearQueueInput } from './messages.ts';
import { mostStarted, type RunStarter } from './run-starter.ts';

/** Events counted between two checkpoints at most, give or take a message. */
const checkpointEvery = 1_000;

/** Counts what a message tells, opening runs on the way, and puts the definition in force that it brings. */
export async function takeEvents(runs: RunStarter, life: Life, events: AssetEvents): Promise<Life> {
  // A DAG that was found removed may have been deployed again since.
  if (life.log === '') return begin(runs, life.dagId);
  const standing = standingOf(life, events);
  if (standing === 'old') return life;
  if (standing === 'astray') return begin(runs, life.dagId);
  if (events.definition !== null) return adopt(runs, life, events.definition, events.upTo);

  const batches = events.batches.map(unpackBatch);
  let current = await remember(life, batches);
  let rest: readonly Batch[] = batches;
  do {
    const taken = takeBatches(current.consumer, rest, events, mostStarted(current.definition));
    current = await open(runs, current, taken);
    // A new claim has been sent everything again, this message included.
    if (current.epoch === life.epoch) current = await settle(runs, current);
    if (current.epoch !== life.epoch) return current;
    rest = taken.rest;
  } while (rest.length > 0);
  const gate = forgetKeys(current.consumer.gate);
  const uncheckpointed = current.uncheckpointed + eventsIn(batches);
  return storeLongQueue(runs, { ...current, consumer: { ...current.consumer, gate }, uncheckpointed });
}

/** Reads what is queued under partition keys that the gate let go of and that come again. */
async function remember(life: Life, batches: readonly Batch[]): Promise<Life> {
  const { gate } = life.consumer;
  const keys = keysToRecall(gate, batches);
  if (keys.length === 0) return life;
  const queued = await recallKeys({ dagId: life.dagId, gate, keys });
  return { ...life, consumer: { ...life.consumer, gate: recalled(gate, queued) } };
}

/** Stores the gate now and then while nothing is taken out of it, so that beginning anew is never sent much again. */
async function storeLongQueue(runs: RunStarter, life: Life): Promise<Life> {
  const isShort = life.uncheckpointed < checkpointEvery || life.consumer.gate.midBatch;
  return isShort ? life : storeGate(runs, life);
}

function eventsIn(batches: readonly Batch[]): number {
  return batches.flatMap(({ entries }) => entries).reduce((sum, { count }) => sum + count, 0);
}

export async function takeRequest(runs: RunStarter, life: Life): Promise<Life> {
  const counted = life.consumer.gate.watermark;
  // Whoever lets runs in looks for all that wait.
  const next = life.consumer.hasRequests ? life : reached(life, { kind: 'requested', counted });
  return settle(runs, { ...next, consumer: withRequests(life.consumer) });
}

export async function takeClosed(runs: RunStarter, life: Life, slots: readonly Slot[]): Promise<Life> {
  const counted = life.consumer.gate.watermark;
  const next = reached(life, { kind: 'closed', counted, runIds: slots });
  return settle(runs, { ...next, consumer: withoutRuns(life.consumer, slots) });
}

export async function takePause(runs: RunStarter, life: Life, isPaused: boolean): Promise<Life> {
  const { dagId, definition, consumer } = life;
  if (life.isOver) return life;
  const { version, whilePaused } = definition;
  const paused = await setPaused({ ...nextStep(life), version, whilePaused, isPaused, gate: consumer.gate });
  if (paused.kind === 'stale') return takePause(runs, await begin(runs, dagId), isPaused);
  return settle(runs, {
    ...stepped(life),
    consumer: { ...consumer, isPaused, gate: paused.gate },
    uncheckpointed: 0,
  });
}

/** Clears leaves, or everything, or what of them is older than a time; `cleared` counts the events that left. */
export async function takeClear(
  runs: RunStarter,
  life: Life,
  wish: ClearQueueInput,
): Promise<{ readonly life: Life; readonly cleared: number }> {
  const { dagId, consumer, definition } = life;
  const { leaves, before = null, who } = wish;
  const clearing = clear(consumer.gate, { leaves, before });
  const { forgotten } = consumer.gate;
  if ((clearsNothing(clearing) && forgotten === undefined) || life.isOver) return { life, cleared: 0 };
  const wished = forgotten === undefined ? {} : { wish: { leaves, before } };
  const answer = await clearQueue({
    ...nextStep(life),
    version: definition.version,
    who,
    ...clearing,
    ...wished,
  });
  const cleared = clearedOf(answer, clearing);
  if (cleared === null) return takeClear(runs, await begin(runs, dagId), wish);
  const next = { ...stepped(life), consumer: { ...consumer, gate: cleared.gate } };
  return { life: await settle(runs, next), cleared: cleared.cleared };
}

/** What a clearing came to, `null` where another life had begun. Histories from before queues were cut have a word for an answer. */
function clearedOf(
  answer: Awaited<ReturnType<typeof clearQueue>> | 'stored' | 'stale',
  { taken, gate }: Clearing,
): { readonly gate: Gate; readonly cleared: number } | null {
  if (answer === 'stored') return { gate, cleared: countTaken(taken) };
  return answer === 'stale' || answer.kind === 'stale' ? null : answer;
}

function standingOf({ log: own, epoch, definition, consumer }: Life, events: AssetEvents): Arrival {
  if (events.log !== own) {
    log.error('events of another log dropped', { log: events.log, own });
    return 'old';
  }
  if (events.epoch < epoch) return 'old';
  const standing = arrival(consumer.gate, events);
  const isOther = events.epoch > epoch || events.version !== definition.version;
  return standing === 'next' && isOther ? 'astray' : standing;
}

async function adopt(runs: RunStarter, life: Life, version: number, at: number): Promise<Life> {
  const { dagId, consumer } = life;
  const adopted = await adoptDefinition({ ...nextStep(life), version, at, gate: consumer.gate });
  if (adopted.kind === 'stale') return begin(runs, dagId);
  const { definition, gate } = adopted;
  const { ticksWait, owed = null, singleFlight: _, flights: __, heldBack = {}, ...rest } = consumer;
  // Whether ticks wait may be another answer now.
  const hasRequests =
    rest.hasRequests ||
    owed !== null ||
    ticksWait !== definition.ticksWait ||
    Object.keys(heldBack).length > 0;
  log.info('definition in force', { dagId, version });
  return settle(runs, {
    ...stepped(life),
    definition,
    consumer: withFlights({ ...rest, ...termsOf(definition), gate, hasRequests }, adopted.flights),
    isOver: definition.plan === null,
  });
}
