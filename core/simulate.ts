import { type Batch, type Delivery, toBatches } from './batch.ts';
import {
  type AskedRun,
  type Consumer,
  type Decision,
  decide,
  letPass,
  takeBatches,
  withoutRuns,
  withRun,
} from './consumer.ts';
import { isMissed, withDue } from './deadline.ts';
import { unreachable } from './errors.ts';
import { explainConsumer, missingNames } from './explanation.ts';
import { isIgnored, pauseGate } from './gate.ts';
import { takeAll, takeLeaves } from './gate-take.ts';
import { emptyGate } from './gate-terms.ts';
import { type RunId, runIdByHand } from './ids.ts';
import { fewWaiting, type Prefixes, suffices, takePrefixes } from './prefix.ts';
import { type LeafId, withoutKey } from './leaves.ts';
import { withTick } from './owed-ticks.ts';
import type { StartFrom } from './run-plan.ts';
import { leavesMetBy, numberSources } from './scenario-sources.ts';
import type { Scenario, ScenarioEvent, ScenarioStep } from './scenario.ts';
import { startLog } from './simulated-log.ts';
import type { SimulatedDeadline, SimulatedRun, SimulationResult, StartedRun } from './simulated-run.ts';

/** A scenario that is played step by step. */
export interface Simulation {
  /** Takes the next step and says what it started. */
  take(
    step: ScenarioStep,
  ): Pick<SimulationResult, 'runs' | 'otherRuns'> & { readonly started: readonly StartedRun[] };
  /** Names with something queued now, in the order of the schedule. */
  pending(): readonly string[];
  result(): SimulationResult;
}

/** Plays a scenario by the decisions that the workflow of a consumer takes. */
export function simulate(scenario: Scenario): SimulationResult {
  const simulation = startSimulation(scenario);
  for (const step of scenario.steps) simulation.take(step);
  return simulation.result();
}

export function startSimulation(scenario: Scenario): Simulation {
  const {
    maxActiveRuns,
    requestedRunsConsume,
    ticksWait,
    whilePaused,
    startFrom,
    settle: settling,
    takes,
    deadline,
    partitions,
    steps,
  } = scenario;
  const sources = numberSources(scenario.condition);
  const { condition, leaves, assets } = sources;
  const metBy = leavesMetBy(sources, partitions);
  const refusals = new Set<string>();
  const isByPartition = partitions !== undefined && partitions !== 'any' && partitions !== 'none';
  const terms = {
    condition,
    ...(settling === undefined ? {} : { settle: settling }),
    ...(takes === undefined ? {} : { takes }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(isByPartition ? { byKeys: {} } : {}),
  };
  const log = startLog({ isByPartition });
  const runs: SimulatedRun[] = [];
  const requests: ('manual' | 'time')[] = [];
  let ticks: readonly number[] = [];
  const deadlines: SimulatedDeadline[] = [];
  const started: StartedRun[] = [];
  let otherRuns = 0;
  let now = 0;
  let isRegistered = steps.every(({ kind }) => kind !== 'register');
  let consumer: Consumer = {
    ...{ gate: emptyGate(terms, 0), isPaused: false, activeRuns: [], hasRequests: false },
    ...{ maxActiveRuns, requestedRunsConsume, ...(ticksWait === true ? { ticksWait } : {}) },
  };

  const open = (
    trigger: SimulatedRun['trigger'],
    { key, taken, expired = [] }: Pick<AskedRun, 'key' | 'taken' | 'expired'>,
    more: Pick<SimulatedRun, 'ticks' | 'missing'> = {},
  ): SimulatedRun => {
    log.discard(expired);
    const run = { trigger, partition: key ?? null, events: log.consume(taken), ...more };
    runs.push(run);
    return run;
  };

  const hold = (runId: RunId, run: SimulatedRun | null): void => {
    started.push({ nth: started.length, at: now, runId, run });
    consumer = withRun(consumer, runId);
  };

  const openOwed = (decision: Extract<Decision, { kind: 'admit' }>): void => {
    const run = open('time', decision, { ticks: ticks.map((at) => new Date(at).toISOString()) });
    ticks = [];
    otherRuns += 1;
    consumer = { ...consumer, gate: decision.gate, owed: null };
    // All that matters about its name is that no other run has it.
    hold(runIdByHand(0, String(otherRuns)), run);
  };

  const pass = (decision: Extract<Decision, { kind: 'deadline' }>): void => {
    const { dueAt, outcome, runId, taken, expired = [], gate } = decision;
    const { explanation } = explainConsumer(consumer, { condition, assets });
    const missing = isMissed(outcome) ? missingNames(explanation) : [];
    deadlines.push({ at: new Date(dueAt).toISOString(), outcome, missing });
    log.discard(expired);
    if (outcome === 'skip') log.discard(taken);
    consumer = { ...consumer, gate };
    if (runId === undefined) return;
    hold(runId, open('deadline', { taken }, { missing }));
  };

  const takeOldest = (most: number): Prefixes => {
    for (let limit = fewWaiting; ; limit *= 10) {
      const { events, isAll } = log.waiting(limit);
      const taken = takePrefixes(consumer.gate, events, { most, isAll });
      if (suffices(taken, isAll)) return taken;
    }
  };

  const settle = (): void => {
    for (;;) {
      const decision = decide(consumer);
      switch (decision.kind) {
        case 'wait':
        // It holds every key that it has, and no run makes way for another.
        case 'recall':
        case 'stop':
          return;
        case 'open':
          consumer = { ...consumer, gate: decision.gate };
          hold(decision.run.runId, open('assets', decision.run));
          break;
        case 'open parts': {
          const parts = takeOldest(decision.most);
          for (const run of parts.runs) hold(run.runId, open('assets', run));
          consumer = { ...consumer, gate: parts.gate };
          break;
        }
        case 'admit': {
          if (decision.isOwed === true) {
            openOwed(decision);
            break;
          }
          const trigger = requests.shift() ?? 'manual';
          const run = decision.taken.length > 0 ? open(trigger, decision) : null;
          otherRuns += 1;
          consumer = { ...consumer, gate: decision.gate, hasRequests: requests.length > 0 };
          hold(runIdByHand(0, String(otherRuns)), run);
          break;
        }
        case 'deadline':
          pass(decision);
          break;
        default:
          unreachable(decision);
      }
    }
  };

  const append = (event: ScenarioEvent, batchEnd: number): readonly Delivery[] => {
    const recorded = log.append(event);
    const { met, refusal } = metBy(event);
    if (!isRegistered) {
      if (met.length > 0 && isListed(startFrom, event.at)) log.remember(recorded);
      return [];
    }
    const { seq } = recorded;
    if (!isIgnored(consumer.gate, seq))
      log.enqueue(
        recorded,
        met.map(({ leaf }) => leaf),
      );
    if (refusal !== null) refusals.add(refusal);
    return met.map((one) => ({ seq, batchEnd, ...one, at: event.at }));
  };

  /** As the clocks of a deployed consumer ring, whatever is recorded. */
  const advance = (to: number): void => {
    for (;;) {
      const passed = letPass(consumer, to);
      consumer = passed.consumer;
      now = Math.max(now, passed.isOpenable ? (consumer.gate.at ?? to) : to);
      if (!passed.isOpenable) return;
      settle();
    }
  };

  const record = (events: readonly ScenarioEvent[]): void => {
    if (isRegistered) advance((events[0]?.at ?? 0) - 1);
    now = Math.max(now, events[0]?.at ?? 0);
    const batchEnd = log.head + events.length;
    let rest: readonly Batch[] = toBatches(events.flatMap((event) => append(event, batchEnd)));
    if (!isRegistered) return;
    do {
      const taken = takeBatches(consumer, rest, { upTo: batchEnd, more: false });
      consumer = taken.consumer;
      for (const run of taken.asked) hold(run.runId, open('assets', run));
      settle();
      rest = taken.rest;
    } while (rest.length > 0);
  };

  const clear = (name: string | null): void => {
    const named = [...leaves].filter(([, source]) => source.name === name).map(([leaf]) => leaf);
    const { taken, gate } =
      name === null ? takeAll(consumer.gate) : takeLeaves(consumer.gate, new Set(named));
    log.discard(taken);
    consumer = { ...consumer, gate };
  };

  const pause = (isPaused: boolean): void => {
    const { gate } = pauseGate(consumer.gate, { isPaused, whilePaused, at: log.head });
    consumer = { ...consumer, isPaused, gate };
  };

  const request = (trigger: 'manual' | 'time'): void => {
    requests.push(trigger);
    consumer = { ...consumer, hasRequests: true };
  };

  const tick = (at: number): void => {
    if (ticksWait !== true) return request('time');
    if (ticks.includes(at)) return undefined;
    ticks = [...ticks, at];
    consumer = { ...consumer, owed: withTick(consumer.owed ?? undefined, at) };
    return undefined;
  };

  const act = (step: ScenarioStep): void => {
    if (step.kind === 'record') return record(step.events);
    if (step.kind === 'register') {
      isRegistered = true;
      consumer = { ...consumer, gate: emptyGate(terms, log.head) };
    }
    // Nothing can be done to a consumer that is not there yet.
    if (!isRegistered) return undefined;
    if (step.kind === 'finishRun') consumer = withoutRuns(consumer, consumer.activeRuns.slice(0, step.count));
    if (step.kind === 'endRun') {
      const ended = started[step.nth];
      if (ended !== undefined) consumer = withoutRuns(consumer, [ended.runId]);
    }
    if (step.kind === 'clear') clear(step.name);
    if (step.kind === 'pause' || step.kind === 'unpause') pause(step.kind === 'pause');
    if (step.kind === 'manualRun') request('manual');
    if (step.kind === 'timeTick') tick(step.at);
    if (step.kind === 'deadline') {
      consumer = { ...consumer, gate: withDue(consumer.gate, step.at) };
      advance(step.at);
    }
    if (step.kind === 'advance') advance(step.to);
    return settle();
  };

  const pending = (): readonly string[] => {
    const held = new Set(Object.keys(consumer.gate.queued).map((leaf) => withoutKey(leaf as LeafId)));
    const queued = [...leaves].filter(([leaf]) => held.has(leaf));
    return [...new Set(queued.map(([, source]) => source.name))];
  };

  return {
    take(step) {
      const before = { runs: runs.length, otherRuns, started: started.length };
      act(step);
      return {
        runs: runs.slice(before.runs),
        otherRuns: otherRuns - before.otherRuns,
        started: started.slice(before.started),
      };
    },
    pending,
    result() {
      const { explanation: tree, sentence, met, keys } = explainConsumer(consumer, { condition, assets });
      return {
        runs: [...runs],
        pending: pending(),
        ...(isByPartition ? { pendingKeys: keys } : {}),
        ...(refusals.size === 0 ? {} : { refused: [...refusals] }),
        ...(deadlines.length === 0 ? {} : { deadlines: [...deadlines] }),
        otherRuns,
        explanation: { sentence, met, tree },
      };
    },
  };
}

/** Whether the first run lists an event that is older than its consumer. */
function isListed(startFrom: StartFrom, at: number): boolean {
  return startFrom === 'earliest' || (startFrom !== 'now' && at >= startFrom);
}
