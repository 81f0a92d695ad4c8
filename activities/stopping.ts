/** Why a try is told to stop by a worker that stops. */
export class WorkerStopping extends Error {
  override readonly name = 'WorkerStopping';
}

/** What tells one try to stop. */
export interface Stopping {
  /** Aborted when the try is cancelled, or its worker hands it back. */
  readonly signal: AbortSignal;
  /** Lets go of what it listens to. */
  close(): void;
}

/** Nobody reads why; without it, an error with a stack would be made for each try. */
export const overReason = 'over';

/** Joins what may stop a try. A worker outlives many tries, so each of them stops listening to it when it is over. */
export function stoppingBy(cancelled: AbortSignal, handBack: AbortSignal | undefined): Stopping {
  const stop = new AbortController();
  const sources = handBack === undefined ? [cancelled] : [cancelled, handBack];
  const over = new AbortController();
  for (const source of sources) {
    const tell = (): void => stop.abort(source.reason);
    if (source.aborted) tell();
    else source.addEventListener('abort', tell, { once: true, signal: over.signal });
  }
  return { signal: stop.signal, close: () => over.abort(overReason) };
}

/** Why a try has to stop: cancelled by its run, or handed back, with what is to be said of it. */
export type StopReason =
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'handed back'; readonly why: string };

/** @returns `undefined` while it may go on */
export function stopReasonOf(cancelled: AbortSignal, stopping: AbortSignal): StopReason | undefined {
  if (!stopping.aborted) return undefined;
  // A run that is cancelled while a worker hands its task back has no use for another try.
  const why = messageOf(cancelled.aborted ? cancelled.reason : stopping.reason);
  return why === 'CANCELLED' ? { kind: 'cancelled' } : { kind: 'handed back', why };
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
