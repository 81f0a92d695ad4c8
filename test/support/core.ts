import type { Seq } from '../../core/asset-event.ts';
import { type Batch, type Delivery, toBatches } from '../../core/batch.ts';
import { type LeafId, leafOfSubscription } from '../../core/leaves.ts';
import type { Condition } from '../../core/condition.ts';
import type { Consumer } from '../../core/consumer.ts';
import type { Gate } from '../../core/gate.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import { parseRunId, parseDagId, type RunId } from '../../core/ids.ts';

/** Leaves to wait for. */
export const ORDERS = leafOfSubscription(1);
export const RATES = leafOfSubscription(2);
export const USERS = leafOfSubscription(3);
export const STOCK = leafOfSubscription(4);

export function on(leaf: LeafId, count?: number): Condition<LeafId> {
  return count === undefined ? { kind: 'asset', asset: leaf } : { kind: 'asset', asset: leaf, count };
}

export function atLeast(count: number, ...parts: readonly (LeafId | Condition<LeafId>)[]): Condition<LeafId> {
  return { kind: 'atLeast', count, of: parts.map(toCondition) };
}

export function all(...parts: readonly (LeafId | Condition<LeafId>)[]): Condition<LeafId> {
  return { kind: 'all', of: parts.map(toCondition) };
}

export function any(...parts: readonly (LeafId | Condition<LeafId>)[]): Condition<LeafId> {
  return { kind: 'any', of: parts.map(toCondition) };
}

/** Events recorded one batch after the other, from position `firstSeq` on, one second apart. */
export function recorded(batches: readonly (readonly LeafId[])[], firstSeq: Seq = 1): readonly Delivery[] {
  let seq = firstSeq - 1;
  return batches.flatMap((leaves) => {
    const batchEnd = seq + leaves.length;
    return leaves.map((leaf): Delivery => {
      seq += 1;
      return { seq, batchEnd, leaf, at: seq * 1_000 };
    });
  });
}

/** The batches of such events. */
export function batchesOf(batches: readonly (readonly LeafId[])[], firstSeq: Seq = 1): readonly Batch[] {
  return toBatches(recorded(batches, firstSeq));
}

/** A gate into which these batches were counted by hand. */
export function aGate(condition: Condition<LeafId> | null, rest: Partial<Gate> = {}): Gate {
  return { ...emptyGate({ condition }, 0), ...rest };
}

/** What is queued for a leaf when these positions were counted. */
export function queuedAt(firstSeq: Seq, ...later: readonly Seq[]) {
  const lastSeq = later.at(-1) ?? firstSeq;
  return {
    count: 1 + later.length,
    ...{ firstSeq, lastSeq, firstAt: firstSeq * 1_000, lastAt: lastSeq * 1_000 },
  };
}

/** A consumer with one free slot and nothing queued, but for what is said of it. */
export function aConsumer(condition: Condition<LeafId> | null, rest: Partial<Consumer> = {}): Consumer {
  return {
    gate: emptyGate({ condition }, 0),
    isPaused: false,
    maxActiveRuns: 1,
    activeRuns: [],
    hasRequests: false,
    requestedRunsConsume: false,
    ...rest,
  };
}

export function aRunId(name: string): RunId {
  return parseRunId(parseDagId('d'), name);
}

/** What a value is after it was stored or sent. */
export function throughJson<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}

function toCondition(part: LeafId | Condition<LeafId>): Condition<LeafId> {
  return typeof part === 'string' ? on(part) : part;
}
