import type { Consumer } from './consumer.ts';
import { decideDeadline } from './deadline.ts';
import type { Gate } from './gate.ts';
import { heldBy, withoutHeld } from './held-keys.ts';
import { isOpen } from './gate-take.ts';
import type { RunId } from './ids.ts';
import { indexOf } from './pending-index.ts';
import { flightKeyOfEvents, isByPartition } from './single-flight.ts';
import type { Slot } from './slot.ts';

/** A run that goes on, and the key that no other may have meanwhile. */
export interface Flight {
  readonly key: string;
  /** Partition key it is of, where it is of one. */
  readonly partition?: string;
  /** Set once it was told to stop, for a newer run of its key. */
  readonly isStopping?: true;
}

/** Which requested runs are meant, where those by time wait for assets: them, or the others. */
export type WhichRequests = 'ticks' | 'others';

/** The oldest requested run that waits for the end of another one. */
export interface HeldBack {
  readonly runId: RunId;
  readonly by: Slot;
  readonly key: string;
}

/** What a consumer knows of the keys of which only one run goes on at a time. */
export interface Flights {
  /** By the runs that hold a slot. */
  readonly flights?: Readonly<Record<Slot, Flight>>;
  /** Requests that wait for the end of a run of their key: they are looked for again when one ends. */
  readonly heldBack?: Readonly<Partial<Record<WhichRequests, HeldBack>>>;
  /** Set where requests came, or were held back, that no run was told yet to make way for. */
  readonly isUnlooked?: true;
}

/** A consumer that begins, or has another definition, with the keys that its runs hold; absent where it has no such rule. */
export function withFlights(consumer: Consumer, flights: Flights['flights']): Consumer {
  const holding = holdGate(flights === undefined ? consumer : { ...consumer, flights });
  return consumer.hasRequests ? withRequests(holding) : holding;
}

/** A consumer with one more key that is held. */
export function withFlight(consumer: Consumer, slot: Slot, flight: Flight | undefined): Consumer {
  if (flight === undefined) return consumer;
  return holdGate({ ...consumer, flights: { ...consumer.flights, [slot]: flight } });
}

/** A consumer without the keys of runs that ended: what waited for them is looked for again. */
export function withoutFlights(consumer: Consumer, slots: readonly Slot[]): Consumer {
  const { flights, heldBack, ...rest } = consumer;
  if (consumer.singleFlight === undefined) return consumer;
  const left = Object.entries(flights ?? {}).filter(([slot]) => !slots.some((one) => one === slot));
  const free = holdGate({ ...rest, flights: Object.fromEntries(left) });
  return heldBack?.others === undefined ? free : withRequests(free);
}

/** A consumer that runs were requested of. */
export function withRequests(consumer: Consumer): Consumer {
  const { singleFlight } = consumer;
  const unlooked = singleFlight?.policy === 'cancel_running' ? ({ isUnlooked: true } as const) : {};
  return { ...consumer, hasRequests: true, ...unlooked };
}

/** A consumer whose requests of one kind are held back by a run of their key, or no more. */
export function withHeldBack(consumer: Consumer, which: WhichRequests, held: HeldBack | undefined): Consumer {
  if (consumer.singleFlight === undefined) return consumer;
  const { [which]: _, ...others } = consumer.heldBack ?? {};
  if (held === undefined) return { ...consumer, heldBack: others };
  const unlooked = consumer.singleFlight.policy === 'cancel_running' ? ({ isUnlooked: true } as const) : {};
  return { ...consumer, heldBack: { ...others, [which]: held }, ...unlooked };
}

/** A consumer whose gate says which keys may open no run: those of runs that go on. */
export function holdGate(consumer: Consumer): Consumer {
  const { singleFlight, gate, ticksWait, flights = {} } = consumer;
  const open = withoutHeld(gate);
  // Where events start nothing, requested runs are held back by the store.
  if (singleFlight === undefined || gate.condition === null || ticksWait === true)
    return { ...consumer, gate: open };
  const going = Object.entries(flights) as (readonly [Slot, Flight])[];
  if (isByPartition(singleFlight)) {
    const keys = going.flatMap(([slot, { partition }]) =>
      partition === undefined ? [] : [[partition, slot] as const],
    );
    return {
      ...consumer,
      gate: keys.length === 0 ? open : { ...open, held: { keys: Object.fromEntries(keys) } },
    };
  }
  const ofEvents = flightKeyOfEvents(singleFlight, null);
  const [all] = going.filter(([, { key }]) => key === ofEvents).map(([slot]) => slot);
  return { ...consumer, gate: all === undefined ? open : { ...open, held: { all } } };
}

/** The key of a run that events open, if only one of it goes on at a time. */
export function flightOfEvents(
  { singleFlight }: Consumer,
  partition: string | null,
): { readonly flightKey?: string } {
  return singleFlight === undefined ? {} : { flightKey: flightKeyOfEvents(singleFlight, partition) };
}

/** Runs that are to make way, and whether waiting requests are to be looked through for more of them; `null` where there are none. */
export function runsToStop(
  consumer: Consumer,
): { readonly slots: readonly Slot[]; readonly looks: boolean } | null {
  const { singleFlight, isPaused, gate, flights = {}, hasRequests, isUnlooked = false } = consumer;
  if (singleFlight?.policy !== 'cancel_running' || isPaused || gate.midBatch) return null;
  if (Object.keys(flights).length === 0) return null;
  const slots = new Set(wantedBy(gate).filter((slot) => flights[slot]?.isStopping !== true));
  const looks = hasRequests && isUnlooked;
  return slots.size === 0 && !looks ? null : { slots: [...slots], looks };
}

/** A consumer once runs were told to make way. */
export function withStopping(consumer: Consumer, slots: readonly Slot[]): Consumer {
  const { isUnlooked: _, flights = {}, ...rest } = consumer;
  const stopping = slots.flatMap((slot) => {
    const flight = flights[slot];
    return flight === undefined ? [] : [[slot, { ...flight, isStopping: true }] as const];
  });
  return { ...rest, flights: { ...flights, ...Object.fromEntries(stopping) } };
}

/** Runs that alone keep the gate from opening a run now. */
function wantedBy(gate: Gate): readonly Slot[] {
  if (gate.held === undefined) return [];
  const free = withoutHeld(gate);
  const open = [...indexOf(free).met].filter((key) => isOpen(free, key));
  const due = gate.deadlines === undefined ? null : decideDeadline({ gate, isPaused: false, hasSlot: true });
  const keys = due?.outcome === 'run' ? [...open, null] : open;
  return keys.flatMap((key) => heldBy(gate, key) ?? []);
}

/** A run that waits for a slot. */
export interface WaitingRun {
  readonly key: string | null;
}

/**
 * Which of the runs that wait, the oldest first, are let in where `most` slots are free: none whose key a run holds that goes on, one of each
 * key, and each key's oldest first.
 */
export function pickRuns<Run extends WaitingRun>(
  waiting: readonly Run[],
  flying: Iterable<string>,
  most: number,
): { readonly next: readonly Run[]; readonly hasMore: boolean } {
  const held = new Set(flying);
  const free = waiting.filter(({ key }) => {
    if (key === null) return true;
    const isFree = !held.has(key);
    held.add(key);
    return isFree;
  });
  return { next: free.slice(0, most), hasMore: free.length > most };
}
