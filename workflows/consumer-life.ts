import { log, sleep } from '@temporalio/workflow';
import { type Batch, unpackBatch } from '../core/batch.ts';
import {
  type AskedRun,
  type Consumer,
  decide,
  freeSlots,
  maxAskedAtOnce,
  takeBatches,
  withRun,
  withoutRuns,
} from '../core/consumer.ts';
import type { Definition } from '../core/definition.ts';
import { unreachable } from '../core/errors.ts';
import { type Arrival, arrival, type Gate, takeAll, takeLeaves } from '../core/gate.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import {
  admitRuns,
  adoptDefinition,
  checkpoint,
  claimGate,
  clearQueue,
  openRuns,
  setPaused,
} from './local-activities.ts';
import type { AssetEvents, ClearQueueInput } from './messages.ts';
import type { RunStarter } from './run-starter.ts';

/** Events counted between two checkpoints at most, give or take a message. */
const checkpointEvery = 10_000;

/** A consumer from one claim of its gate to the next. JSON-safe. */
export interface Life {
  readonly dagId: DagId;
  readonly log: string;
  readonly epoch: number;
  readonly definition: Definition;
  readonly consumer: Consumer;
  /** Events counted since the gate was last stored. */
  readonly uncheckpointed: number;
  readonly searchAttributes: readonly SearchAttributeName[];
  /** Set once the DAG is gone and nothing is left to do. */
  readonly isOver: boolean;
}

/** Claims the gate and opens what it already asks for. */
export async function begin(runs: RunStarter, dagId: DagId): Promise<Life> {
  return settle(runs, await claim(dagId));
}

/** Counts what a message tells, opening runs on the way, and puts the definition in force that it brings. */
export async function takeEvents(runs: RunStarter, life: Life, events: AssetEvents): Promise<Life> {
  // A DAG that was found removed may have been deployed again since.
  if (life.log === '') return begin(runs, life.dagId);
  const standing = standingOf(life, events);
  if (standing === 'old') return life;
  if (standing === 'astray') return begin(runs, life.dagId);
  if (events.definition !== null) return adopt(runs, life, events.definition, events.upTo);

  let current = life;
  const batches = events.batches.map(unpackBatch);
  let rest: readonly Batch[] = batches;
  do {
    const taken = takeBatches(current.consumer, rest, events);
    current = await open(runs, current, taken);
    // A new claim has been sent everything again, this message included.
    if (current.epoch === life.epoch) current = await settle(runs, current);
    if (current.epoch !== life.epoch) return current;
    rest = taken.rest;
  } while (rest.length > 0);
  return storeLongQueue(runs, { ...current, uncheckpointed: current.uncheckpointed + eventsIn(batches) });
}

/** Stores the gate now and then while nothing is taken out of it, so that beginning anew is never sent much again. */
async function storeLongQueue(runs: RunStarter, life: Life): Promise<Life> {
  const { dagId, epoch, definition, consumer, uncheckpointed } = life;
  if (uncheckpointed < checkpointEvery || consumer.gate.midBatch) return life;
  const stored = await checkpoint({ dagId, epoch, version: definition.version, gate: consumer.gate });
  return stored === 'stale' ? begin(runs, dagId) : { ...life, uncheckpointed: 0 };
}

function eventsIn(batches: readonly Batch[]): number {
  return batches.flatMap(({ entries }) => entries).reduce((sum, { count }) => sum + count, 0);
}

export async function takeRequest(runs: RunStarter, life: Life): Promise<Life> {
  return settle(runs, { ...life, consumer: { ...life.consumer, hasRequests: true } });
}

export async function takeClosed(runs: RunStarter, life: Life, runIds: readonly RunId[]): Promise<Life> {
  return settle(runs, { ...life, consumer: withoutRuns(life.consumer, runIds) });
}

export async function takePause(runs: RunStarter, life: Life, isPaused: boolean): Promise<Life> {
  const { dagId, epoch } = life;
  if (life.isOver) return life;
  if ((await setPaused({ dagId, epoch, isPaused })) === 'stale')
    return takePause(runs, await begin(runs, dagId), isPaused);
  return settle(runs, { ...life, consumer: { ...life.consumer, isPaused } });
}

/** Clears leaves, or everything; `cleared` counts the events that left. */
export async function takeClear(
  runs: RunStarter,
  life: Life,
  { leaves, who }: ClearQueueInput,
): Promise<{ readonly life: Life; readonly cleared: number }> {
  const { dagId, epoch, consumer, definition } = life;
  const { taken, gate } =
    leaves === null ? takeAll(consumer.gate) : takeLeaves(consumer.gate, new Set(leaves));
  if (taken.length === 0 || life.isOver) return { life, cleared: 0 };
  const stored = await clearQueue({ dagId, epoch, version: definition.version, taken, gate, who });
  if (stored === 'stale') return takeClear(runs, await begin(runs, dagId), { leaves, who });
  const cleared = taken.reduce((sum, { count }) => sum + count, 0);
  return { life: await settle(runs, { ...life, consumer: { ...consumer, gate } }), cleared };
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

/** Does what the core decides until there is nothing left to do. */
async function settle(runs: RunStarter, life: Life): Promise<Life> {
  if (life.isOver) return life;
  const decision = decide(life.consumer);
  switch (decision.kind) {
    case 'wait':
      return life;
    case 'open': {
      const { run, gate } = decision;
      const consumer = withRun({ ...life.consumer, gate }, run.runId);
      const next = await open(runs, life, { consumer, asked: [run], gate });
      return next.epoch === life.epoch ? settle(runs, next) : next;
    }
    case 'admit':
      return admit(runs, life);
    default:
      return unreachable(decision);
  }
}

/** Opens what batches asked for, all in one step, and starts it. */
async function open(
  runs: RunStarter,
  life: Life,
  {
    consumer,
    asked,
    gate,
  }: { readonly consumer: Consumer; readonly asked: readonly AskedRun[]; readonly gate: Gate },
): Promise<Life> {
  const { dagId, epoch, definition } = life;
  if (asked.length === 0) return { ...life, consumer };
  const opened = await openRuns({ dagId, epoch, version: definition.version, asked, gate });
  if (opened === 'stale') return begin(runs, dagId);
  const ids = asked.map(({ runId }) => runId);
  if (opened === 'conflict') return beginLater(runs, dagId, ids);
  for (const runId of ids) runs.start(life, { runId, attempt: 1, trigger: 'asset' });
  return { ...life, consumer, uncheckpointed: 0 };
}

/** Lets in as many requested runs as there are slots, and starts them. */
async function admit(runs: RunStarter, life: Life): Promise<Life> {
  const { dagId, epoch, definition, consumer } = life;
  const { activeRuns } = consumer;
  const most = Math.min(maxAskedAtOnce, freeSlots(consumer));
  const admitted = await admitRuns({ dagId, epoch, version: definition.version, activeRuns, most });
  if (admitted.kind === 'stale') return begin(runs, dagId);
  for (const run of admitted.runs) runs.start(life, run);
  const held = admitted.runs.reduce((before, { runId }) => withRun(before, runId), consumer);
  return settle(runs, { ...life, consumer: { ...held, hasRequests: admitted.hasMore } });
}

async function adopt(runs: RunStarter, life: Life, version: number, at: number): Promise<Life> {
  const { dagId, epoch, consumer } = life;
  const adopted = await adoptDefinition({ dagId, epoch, version, at, gate: consumer.gate });
  if (adopted.kind === 'stale') return begin(runs, dagId);
  const { definition, gate } = adopted;
  const { maxActiveRuns } = definition;
  log.info('definition in force', { dagId, version });
  return settle(runs, {
    ...life,
    definition,
    consumer: { ...consumer, gate, maxActiveRuns },
    isOver: definition.plan === null,
  });
}

async function claim(dagId: DagId): Promise<Life> {
  const claimed = await claimGate(dagId);
  const { searchAttributes } = claimed;
  if (claimed.kind === 'retired') return over(dagId);
  const { log: logId, epoch, definition, gate, isPaused, activeRuns, hasRequests } = claimed;
  return {
    ...{ dagId, log: logId, epoch, definition, searchAttributes, isOver: false },
    consumer: { gate, isPaused, maxActiveRuns: definition.maxActiveRuns, activeRuns, hasRequests },
    uncheckpointed: 0,
  };
}

/** A run's id stands for other events: only a log that was put back can bring that about, so somebody has to look. */
async function beginLater(runs: RunStarter, dagId: DagId, runIds: readonly RunId[]): Promise<Life> {
  log.error('run exists with other events', { dagId, runIds });
  await sleep('10 seconds', { summary: 'a run of this id exists with other events' });
  return begin(runs, dagId);
}

function over(dagId: DagId): Life {
  const definition: Definition = { version: 0, plan: null, condition: null, assets: {}, maxActiveRuns: 0 };
  const gate = { condition: null, watermark: 0, midBatch: false, queued: {} };
  const consumer = { gate, isPaused: false, maxActiveRuns: 0, activeRuns: [], hasRequests: false };
  return {
    ...{ dagId, log: '', epoch: 0, definition, consumer, uncheckpointed: 0 },
    ...{ searchAttributes: [], isOver: true },
  };
}
