import type { Seq } from './asset-event.ts';
import type { Batch } from './batch.ts';
import { decideDeadline, type DecidedDeadline, withRanAt } from './deadline.ts';
import {
  type Flight,
  flightOfEvents,
  type Flights,
  runsToStop,
  withFlight,
  withoutFlights,
} from './flights.ts';
import { type Gate, reach, type Taken } from './gate.ts';
import { countUntilMet, passUpTo } from './gate-count.ts';
import { nextChangeAt, passTime } from './gate-time.ts';
import { heldBy } from './held-keys.ts';
import { firstSeqOf, isMet, newestSeq, takeAll, type TakenRun, takeMet } from './gate-take.ts';
import { type RunId, runIdOfEvents } from './ids.ts';
import type { OwedTicks } from './owed-ticks.ts';
import type { SingleFlight } from './single-flight.ts';
import type { Slot } from './slot.ts';

/** What decides when a consumer's next run opens: its gate, and what may hold it back. JSON-safe. */
export interface Consumer extends Flights {
  readonly gate: Gate;
  readonly isPaused: boolean;
  /** Most runs at a time. */
  readonly maxActiveRuns: number;
  /** Attempts of runs that hold a slot: opened or admitted, and not yet closed. */
  readonly activeRuns: readonly Slot[];
  /** Whether runs by hand or by time may be waiting for a slot. */
  readonly hasRequests: boolean;
  /** Whether such runs consume what is queued when they are let in. */
  readonly requestedRunsConsume: boolean;
  /** Whether runs by time wait until the condition is met, and consume; events then start nothing by themselves. Absent is no. */
  readonly ticksWait?: boolean;
  /** What waits so, where it does. Such runs are not among the requested ones. */
  readonly owed?: OwedTicks | null;
  /** Of which runs only one goes on at a time; absent is of none. */
  readonly singleFlight?: SingleFlight;
}

/** A run that events ask for, and what it takes out of the queue. */
export interface AskedRun {
  readonly runId: RunId;
  /** Partition key it is of, where runs are by partition. */
  readonly key?: string;
  /** Key of which only one run goes on at a time. */
  readonly flightKey?: string;
  readonly taken: readonly Taken[];
  /** What had become too old before. */
  readonly expired?: readonly Taken[];
}

/** What a consumer does next: open the run its events ask for, let in the oldest requested runs, or wait. */
export type Decision =
  | {
      readonly kind: 'open';
      readonly run: AskedRun;
      /** The gate once that run has its events. */
      readonly gate: Gate;
    }
  /** Open runs that each take a part of the queue; which part, only the log knows. */
  | { readonly kind: 'open parts'; readonly most: number }
  /** Read partition keys that are met, and that the gate let go of while no slot was free. */
  | { readonly kind: 'recall' }
  | {
      readonly kind: 'admit';
      /** Set where it is the run of the owed ticks that is let in. */
      readonly isOwed?: true;
      /** What the first of them consumes. */
      readonly taken: readonly Taken[];
      readonly expired?: readonly Taken[];
      readonly gate: Gate;
    }
  /** Tell runs to make way for newer ones of their key; which else for requests that wait, only the store knows. */
  | { readonly kind: 'stop'; readonly slots: readonly Slot[]; readonly looks: boolean }
  | ({ readonly kind: 'deadline'; readonly expired?: readonly Taken[] } & DecidedDeadline)
  | { readonly kind: 'wait' };

/** What is due by time was promised for it. Requested runs go next: they were promised one by one, while queued events lose nothing by waiting for each other. */
export function decide(consumer: Consumer): Decision {
  const due = dueDeadline(consumer);
  if (due !== null) {
    return { kind: 'deadline', ...due, ...expiredIn(due.gate), gate: withoutExpired(due.gate) };
  }
  const stopped = runsToStop(consumer);
  if (stopped !== null) return { kind: 'stop', ...stopped };
  if (!hasFreeSlot(consumer)) return { kind: 'wait' };
  if (consumer.hasRequests) {
    if (!consumer.requestedRunsConsume) return { kind: 'admit', taken: [], gate: consumer.gate };
    if (consumer.gate.midBatch) return { kind: 'wait' };
    const { taken, gate } = takeAll(consumer.gate);
    return { kind: 'admit', taken, ...expiredIn(gate), gate: withoutExpired(gate) };
  }
  if (!mayStart(consumer)) return { kind: 'wait' };
  if (consumer.ticksWait === true) return admitOwed(consumer);
  if (consumer.gate.takes !== undefined) {
    // All of them are of one key.
    const most = consumer.singleFlight === undefined ? Math.min(freeSlots(consumer), maxAskedAtOnce) : 1;
    return isMet(consumer.gate) ? { kind: 'open parts', most } : { kind: 'wait' };
  }
  const met = takeMet(consumer.gate);
  if (mayBeForgotten(consumer.gate, met)) return { kind: 'recall' };
  if (met === null) return { kind: 'wait' };
  const { taken, key, gate } = met;
  const run: AskedRun = {
    ...{ runId: runIdOfEvents(newestSeq(taken), key), taken },
    ...(key === null ? {} : { key }),
    ...flightOfEvents(consumer, key),
    ...expiredIn(gate),
  };
  return { kind: 'open', run, gate: withRanAt(withoutExpired(gate), consumer.gate) };
}

/** Whether the next run may be of a key that the gate let go of: it holds none that may start, or only newer ones. */
function mayBeForgotten({ forgotten, midBatch }: Gate, met: TakenRun | null): boolean {
  if (forgotten?.hasMet !== true || midBatch) return false;
  return met === null || (forgotten.metFrom !== undefined && firstSeqOf(met.taken) > forgotten.metFrom);
}

/** The ticks that are owed get one run once all is there. */
function admitOwed({ gate, heldBack }: Consumer): Decision {
  if (!isMet(gate) || heldBack?.ticks !== undefined) return { kind: 'wait' };
  const { taken, gate: left } = takeAll(gate);
  return { kind: 'admit', isOwed: true, taken, ...expiredIn(left), gate: withoutExpired(left) };
}

/** What came of a message, or of a part of it. */
export interface TakenBatches {
  readonly consumer: Consumer;
  /** Runs that its batches asked for, in order. */
  readonly asked: readonly AskedRun[];
  /** The gate right behind the last of them: what is stored with them. */
  readonly gate: Gate;
  /** What is not counted yet, because a requested run goes first or enough runs are opened at once. */
  readonly rest: readonly Batch[];
}

/** Most runs that are opened in one transaction. */
export const maxAskedAtOnce = 100;

/** Counts batches in order and opens a run behind each one that asks for it while a slot is free, at most `most`; the caller comes back with `rest`. */
export function takeBatches(
  before: Consumer,
  batches: readonly Batch[],
  end: { readonly upTo: Seq; readonly more: boolean },
  most = maxAskedAtOnce,
): TakenBatches {
  const asked: AskedRun[] = [];
  let { gate } = before;
  let consumer = before;
  let rest = batches;
  for (;;) {
    // What is open goes before what comes later, however both are cut into messages.
    if (rest.length === 0 || !isOpenable(consumer, consumer.gate))
      ({ consumer, rest } = countBatches(consumer, rest, end));
    const decision = decide(consumer);
    if (decision.kind !== 'open') return { consumer, asked, gate, rest };
    gate = decision.gate;
    asked.push(decision.run);
    consumer = withRun({ ...consumer, gate }, decision.run.runId, flightOf(decision.run));
    if (asked.length >= most) return { consumer, asked, gate, rest };
  }
}

/** How many runs may start now: none while it is paused. */
export function freeSlots({ isPaused, activeRuns, maxActiveRuns }: Consumer): number {
  return isPaused ? 0 : Math.max(0, maxActiveRuns - activeRuns.length);
}

export function hasFreeSlot(consumer: Consumer): boolean {
  return freeSlots(consumer) > 0;
}

/** Whether a run starts as soon as the condition is met. */
function mayStart(consumer: Consumer): boolean {
  return hasFreeSlot(consumer) && (consumer.ticksWait !== true || (consumer.owed ?? null) !== null);
}

/**
 * Counts batches until one of them opens the gate; the caller opens the run and comes back with `rest`.
 * With `more`, the last of them is a part of a batch, after which nothing is decided.
 */
export function countBatches(
  consumer: Consumer,
  batches: readonly Batch[],
  { upTo, more }: { readonly upTo: Seq; readonly more: boolean },
): { readonly consumer: Consumer; readonly rest: readonly Batch[] } {
  const whole = more ? batches.slice(0, -1) : batches;
  const part = more ? batches.slice(-1) : [];
  // One that waits for a batch to be whole consumes just behind it, however the batches come.
  const isOwed = consumer.hasRequests && consumer.requestedRunsConsume;
  const counted = countUntilMet(consumer.gate, whole, () => mayStart(consumer), {
    isOwed,
    isDue: (gate) => hasDue(consumer, gate),
  });
  const isDue = isOwed && hasFreeSlot(consumer) && !counted.gate.midBatch;
  if (counted.rest.length > 0 || isOpenable(consumer, counted.gate) || isDue) {
    const rest = [...counted.rest, ...part];
    if (rest.length > 0) return { consumer: { ...consumer, gate: counted.gate }, rest };
  }
  const [begun] = part;
  const before =
    begun === undefined
      ? undefined
      : passUpTo(
          counted.gate,
          begun,
          () => mayStart(consumer),
          (gate) => hasDue(consumer, gate),
        );
  if (before?.isOpen === true) return { consumer: { ...consumer, gate: before.gate }, rest: part };
  const { gate } = countUntilMet(before?.gate ?? counted.gate, part, () => false);
  return { consumer: { ...consumer, gate: reach(gate, upTo, more) }, rest: [] };
}

/** A consumer with one more run that holds a slot, and the key it holds, if any. */
export function withRun(consumer: Consumer, slot: Slot, flight?: Flight): Consumer {
  const held = withFlight(consumer, slot, flight);
  return held.activeRuns.includes(slot) ? held : { ...held, activeRuns: [...held.activeRuns, slot] };
}

/** What a run holds that events open, or that was let in. */
export function flightOf({
  flightKey,
  key,
}: {
  readonly flightKey?: string;
  readonly key?: string;
}): Flight | undefined {
  if (flightKey === undefined) return undefined;
  return { key: flightKey, ...(key === undefined ? {} : { partition: key }) };
}

/** Frees the slots of attempts that were closed; what holds none, or another attempt of the same run, is left alone. */
export function withoutRuns(consumer: Consumer, slots: readonly Slot[]): Consumer {
  const left = consumer.activeRuns.filter((active) => !slots.includes(active));
  return withoutFlights({ ...consumer, activeRuns: left }, slots);
}

/**
 * Lets time pass up to and with `at`, for which everything recorded until then must be counted. Stops where a run may open, or a deadline
 * is to be decided; the caller does so and comes back.
 */
export function letPass(
  consumer: Consumer,
  at: number,
): { readonly consumer: Consumer; readonly isOpenable: boolean } {
  let { gate } = consumer;
  for (;;) {
    const next = nextChangeAt(gate);
    gate = passTime(gate, next === null || next > at ? at : next);
    const stops =
      isOpenable(consumer, gate) || hasDue(consumer, gate) || runsToStop({ ...consumer, gate }) !== null;
    if (gate.at === undefined || gate.at >= at || stops)
      return { consumer: { ...consumer, gate }, isOpenable: stops };
  }
}

function expiredIn({ expired }: Gate): Pick<AskedRun, 'expired'> {
  return expired === undefined ? {} : { expired };
}

/** A gate once what became too old is written down. */
export function withoutExpired(gate: Gate): Gate {
  const { expired: _, ...rest } = gate;
  return rest;
}

/** Whether a deadline is to be decided before anything later. */
function hasDue(consumer: Consumer, gate: Gate): boolean {
  return dueDeadline({ ...consumer, gate }) !== null;
}

function dueDeadline(consumer: Consumer): DecidedDeadline | null {
  const { gate, isPaused } = consumer;
  return gate.deadlines === undefined
    ? null
    : decideDeadline({ gate, isPaused, hasSlot: hasFreeSlot(consumer) && heldBy(gate, null) === null });
}

function isOpenable(consumer: Consumer, gate: Gate): boolean {
  return mayStart(consumer) && isMet(gate);
}
