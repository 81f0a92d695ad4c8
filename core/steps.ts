import type { Seq } from './asset-event.ts';
import type { DeadlineOutcome } from './deadline.ts';
import type { Flights, HeldBack } from './flights.ts';
import type { Gate, Taken } from './gate.ts';
import type { RunId } from './ids.ts';
import type { OwedTicks } from './owed-ticks.ts';
import type { Slot } from './slot.ts';

/** What reached a consumer since its last step, apart from what is in the log; `counted` is how far it had counted then. */
export type StepInput =
  | { readonly kind: 'closed'; readonly counted: Seq; readonly runIds: readonly Slot[] }
  | { readonly kind: 'requested'; readonly counted: Seq }
  | { readonly kind: 'deadline'; readonly counted: Seq; readonly dueAt: number }
  /** A clock rang, and everything recorded up to `at` was counted. */
  | { readonly kind: 'time'; readonly counted: Seq; readonly at: number };

/**
 * What a consumer did in a step. With its inputs, and with the log, whoever goes through the steps in order comes to the same: what it does follows
 * from the order in which things reached it, never from speed.
 */
export type StepDeed =
  | {
      /** A life began, with this. */
      readonly kind: 'claimed';
      readonly version: number;
      readonly gate: Gate;
      readonly isPaused: boolean;
      readonly activeRuns: readonly Slot[];
      readonly hasRequests: boolean;
      readonly flights?: Flights['flights'];
    }
  | { readonly kind: 'opened'; readonly runIds: readonly RunId[] }
  | {
      readonly kind: 'admitted';
      /** Those that are no first attempts consumed nothing. */
      readonly runIds: readonly Slot[];
      /** Set where others still waited for a slot then. */
      readonly hasMore?: true;
      /** Ticks that still waited for assets then. */
      readonly owed?: OwedTicks;
      /** Keys of those that were let in, and what others of them were held back by. */
      readonly flights?: Flights['flights'];
      readonly heldBack?: HeldBack;
    }
  | {
      readonly kind: 'adopted';
      readonly version: number;
      readonly at: Seq;
      readonly flights?: Flights['flights'];
    }
  | { readonly kind: 'cleared'; readonly taken: readonly Taken[] }
  | { readonly kind: 'paused' | 'resumed'; readonly at: Seq }
  | {
      readonly kind: 'deadline';
      readonly dueAt: number;
      /** `unknown` where it never came, or was decided before. */
      readonly outcome: DeadlineOutcome | 'unknown';
      readonly runIds: readonly RunId[];
    }
  /** Runs were told to make way for newer ones of their key. */
  | { readonly kind: 'stopped'; readonly runIds: readonly Slot[] }
  | { readonly kind: 'stored' };

/** The inputs with one more; times that ring one after the other are one. */
export function withInput(since: readonly StepInput[], input: StepInput): readonly StepInput[] {
  const last = since.at(-1);
  return input.kind === 'time' && last?.kind === 'time' ? [...since.slice(0, -1), input] : [...since, input];
}
