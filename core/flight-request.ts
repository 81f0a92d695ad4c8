import { unreachable } from './errors.ts';
import type { RunId } from './ids.ts';
import type { FlightPolicy } from './single-flight.ts';

/** The runs of one key when another one is asked for. */
export interface RunsOfKey {
  /** The one that goes on. */
  readonly running: RunId | null;
  /** The oldest that waits. */
  readonly waiting: RunId | null;
  /** The newest that waits and may stand for another request: a run that runs again may not. */
  readonly foldable: RunId | null;
  /** Whether the oldest is about to start, so that another one waits behind it. */
  readonly isStarting: boolean;
}

/** What becomes of a request: it waits for its turn, it is refused because of a run, or it becomes part of one that waits. */
export type FlightVerdict =
  | { readonly kind: 'take' }
  | { readonly kind: 'refuse'; readonly runId: RunId }
  | { readonly kind: 'fold'; readonly runId: RunId };

const taken: FlightVerdict = { kind: 'take' };

/** What becomes of one more request for a run of a key. `isAgain` is a run that runs again: it cannot become part of another. */
export function judgeFlight(
  policy: FlightPolicy,
  { running, waiting, foldable, isStarting }: RunsOfKey,
  { isAgain }: { readonly isAgain: boolean },
): FlightVerdict {
  const first = running ?? waiting;
  if (first === null) return taken;
  switch (policy) {
    case 'skip':
      return { kind: 'refuse', runId: first };
    case 'queue':
    case 'cancel_running': {
      // The one that is about to start would only be cancelled for its successor: there it becomes part of it.
      if (policy === 'queue' && isStarting && (foldable === null || foldable === waiting)) return taken;
      if (isAgain) return waiting === null ? taken : { kind: 'refuse', runId: waiting };
      return foldable === null ? taken : { kind: 'fold', runId: foldable };
    }
    default:
      return unreachable(policy);
  }
}
