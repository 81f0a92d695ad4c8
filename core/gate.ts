import type { Seq } from './asset-event.ts';
import type { WindowParts } from './batch.ts';
import { type Condition, isSatisfied } from './condition.ts';
import type { Deadlines, OnMissing } from './deadline.ts';
import type { HeldKeys } from './held-keys.ts';
import { type LeafId, ofKey } from './leaves.ts';
import type { WhilePaused } from './run-plan.ts';

/** Updates that met one leaf and that no run has consumed yet: how many, and where they lie in the log. */
export interface Queued {
  readonly count: number;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Times of the newest, as many as a leaf takes that takes several and forgets the old. */
  readonly recent?: readonly number[];
  /** Of a roll-up, which is met by nothing before enough keys of its window came. */
  readonly window?: WindowParts;
}

/** How long a consumer waits for more once its condition is met. */
export interface Settle {
  /** Until nothing came for so long. */
  readonly quietMs: number;
  /** But not longer than this; `null` is as long as it takes. */
  readonly maxMs: number | null;
}

/** What a definition says about when a gate opens. */
export interface GateTerms {
  /** `null` where events start nothing: a DAG run by time or by hand only. */
  readonly condition: Condition<LeafId> | null;
  readonly settle?: Settle;
  /** Events a run takes, if its condition needs no more; absent is all that is queued. */
  readonly takes?: number;
  /** What happens at a deadline when something is missing; absent where there are none. */
  readonly deadline?: OnMissing;
  /** Where runs are by partition: what stands for how keys are made, by subscription. What is queued under other keys means nothing under these. */
  readonly byKeys?: Readonly<Record<LeafId, string>>;
}

/** What a consumer holds between runs. JSON-safe; as large as its condition has leaves, however many events arrive. */
export interface Gate extends GateTerms {
  /** Highest position counted so far: what is sent again changes nothing. */
  readonly watermark: Seq;
  /** Set between the parts of one batch, while nothing may be decided. */
  readonly midBatch: boolean;
  readonly queued: Readonly<Record<LeafId, Queued>>;
  /** What pauses ignore, as far as it is not behind the watermark. */
  readonly ignored?: readonly IgnoredStretch[];
  /** The time it has come to, by what arrived and by clocks that rang; only where time decides anything. */
  readonly at?: number;
  /** Since when its condition is met, by partition key, where a run waits for more; `null` of a key that waits for nothing more. */
  readonly metAt?: Readonly<Record<string, number | null>>;
  /** Where there are deadlines, or one came that is not decided. */
  readonly deadlines?: Deadlines;
  /** Set once it let go of partition keys, which are read from the log when they are needed. */
  readonly forgotten?: Forgotten;
  /** Where only one run of a key goes on at a time: which keys are held by such runs. Follows from the runs, and means nothing in a gate that was stored. */
  readonly held?: HeldKeys;
  /** What became too old and is not written down yet. */
  readonly expired?: readonly Taken[];
}

/** Partition keys that a gate let go of. */
export interface Forgotten {
  /** Whether a met one may be among them. */
  readonly hasMet: boolean;
  /** No met one of them has an older event; absent where that is not known. */
  readonly metFrom?: Seq;
}

/** A stretch of the log whose events no run consumes: from a pause to its end, `null` while it goes on. */
export interface IgnoredStretch {
  readonly after: Seq;
  readonly upTo: Seq | null;
}

/** The stretch of the log a message speaks of: everything after `after`, up to and with `upTo`. */
export interface MessageRange {
  readonly after: Seq;
  readonly upTo: Seq;
}

/** Where a message stands against what was counted: it follows, it is old, or something before it is missing. */
export type Arrival = 'next' | 'old' | 'astray';

/** What left the queue of one subscription, of one partition key: everything queued up to and with `upTo`. */
export interface Taken {
  readonly leaf: LeafId;
  readonly count: number;
  readonly firstSeq: Seq;
  readonly upTo: Seq;
  /** What was recorded up to this time is too old to be consumed, and is in `count` all the same. */
  readonly tooOld?: number;
}

export function arrival(gate: Gate, { after, upTo }: MessageRange): Arrival {
  if (upTo <= gate.watermark) return 'old';
  return after <= gate.watermark ? 'next' : 'astray';
}

/** Ends a message: everything up to `upTo` is counted, though nothing there may have been for this consumer. */
export function reach({ ignored = [], ...gate }: Gate, upTo: Seq, midBatch: boolean): Gate {
  const watermark = Math.max(gate.watermark, upTo);
  const ahead = ignored.filter((stretch) => stretch.upTo === null || stretch.upTo > watermark);
  return { ...gate, watermark, midBatch, ...(ahead.length === 0 ? {} : { ignored: ahead }) };
}

/** Whether the condition is met by what is queued of a key. What needs nothing, such as an empty `all`, is never met. */
export function isMetFor({ condition, queued }: Gate, key: string | null): boolean {
  return condition !== null && isSatisfied(condition, (leaf) => progressOf(queued[ofKey(leaf, key)]));
}

/** How many updates count for a leaf. */
export function progressOf(queued: Queued | undefined): number {
  if (queued?.window !== undefined && queued.window.parts.length < queued.window.needs) return 0;
  return queued?.recent?.length ?? queued?.count ?? 0;
}

/**
 * Begins or ends a pause at a position of the log. With `ignore` no run consumes what is recorded in between; what was recorded before
 * stays, counted or not. `ignored` is the stretch that such a pause leaves behind.
 */
export function pauseGate(
  gate: Gate,
  {
    isPaused,
    whilePaused,
    at,
  }: { readonly isPaused: boolean; readonly whilePaused: WhilePaused; readonly at: Seq },
): { readonly gate: Gate; readonly ignored: MessageRange | null } {
  const { ignored: stretches = [], ...rest } = gate;
  const open = stretches.find(({ upTo }) => upTo === null);
  if (isPaused) {
    const isBegun = open !== undefined || whilePaused === 'keep';
    return {
      gate: isBegun ? gate : { ...rest, ignored: [...stretches, { after: at, upTo: null }] },
      ignored: null,
    };
  }
  if (open === undefined) return { gate, ignored: null };
  const ended = open.after < at ? [{ after: open.after, upTo: at }] : [];
  const left = [...stretches.filter((one) => one !== open), ...ended];
  return { gate: left.length === 0 ? rest : { ...rest, ignored: left }, ignored: ended[0] ?? null };
}

/** Whether a pause ignores what was recorded at this position. */
export function isIgnored({ ignored = [] }: Gate, seq: Seq): boolean {
  return ignored.some(({ after, upTo }) => seq > after && (upTo === null || seq <= upTo));
}
