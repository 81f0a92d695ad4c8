import { setTimeout as delay } from 'node:timers/promises';
import type { AssetEvent, Seq } from '../core/asset-event.ts';
import { parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { accepts, parseEventFilter } from '../core/event-filter.ts';
import { titleOf } from '../core/source.ts';
import { sourceOf } from '../sdk/source.ts';
import type { AnySource, AssetReference, TaskLog, WaitFor, WaitOptions } from '../sdk/index.ts';
import { positionBefore, readRecorded } from '../store/recorded-events.ts';
import { findSource } from '../store/source-ids.ts';
import { declaredInlet } from './declared-inlet.ts';
import { instantOf } from './event-readers.ts';
import type { InletDeps } from './inlets.ts';
import { keepTrying } from './keep-trying.ts';

const firstPauseMs = 100;
const longestPauseMs = 2_000;
/** Events read in one statement. */
const pageSize = 1_000;
/** Above every position. */
const everMore = Number.MAX_SAFE_INTEGER;

interface WaitDeps extends InletDeps {
  readonly log: TaskLog;
  /** When the run was opened or asked for. */
  readonly runAt: number;
}

/** Lets a task look for an event again and again, ever more slowly, until it is there, its time is over, or the task is told to stop. */
export function createWaitFor(deps: WaitDeps): WaitFor {
  const waitFor = async (
    reference: AnySource | AssetReference,
    options: WaitOptions = {},
  ): Promise<AssetEvent> => {
    const inlet = declaredInlet(deps.inlets, reference);
    const sinceAt = sinceOf(deps, options);
    const isMeant = meaning(options, sinceAt);
    const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout);
    const until = performance.now() + (timeoutMs ?? Number.POSITIVE_INFINITY);
    const look = await looking(deps, inlet, sinceAt, isMeant);
    for (let pauseMs = firstPauseMs, isFirst = true; ; pauseMs *= 1.5, isFirst = false) {
      deps.signal.throwIfAborted();
      const found = await look();
      if (found !== undefined) return found;
      if (isFirst) deps.log.info('waiting for an asset event', { of: titleOf(sourceOf(inlet)), ...options });
      const leftMs = until - performance.now();
      if (leftMs <= 0) throw timedOut(inlet, options);
      await pause(Math.min(pauseMs, longestPauseMs, leftMs), deps.signal);
    }
  };
  return waitFor as WaitFor;
}

/** Which events are waited for. */
export function meaning(
  { partition, where }: WaitOptions,
  sinceAt: number | undefined,
): (event: AssetEvent) => boolean {
  const filter = where === undefined ? undefined : parseEventFilter(where);
  return ({ extra, partitionKey = null, source, recordedAt }) =>
    // A time that is still to come has no position yet.
    (sinceAt === undefined || recordedAt >= sinceAt) &&
    (partition === undefined || partitionKey === partition) &&
    (filter === undefined || accepts(filter, { extra, partitionKey, source }));
}

/** From when on events are waited for; nothing is from the beginning of the log. */
export function sinceOf(
  { runAt }: Pick<WaitDeps, 'runAt'>,
  { after, partition }: WaitOptions,
): number | undefined {
  if (after !== undefined) return instantOf(after, 'after');
  return partition === undefined ? runAt : undefined;
}

/** Looks through what was recorded since the last look. */
async function looking(
  { db, assetIds, signal }: WaitDeps,
  inlet: AnySource,
  sinceAt: number | undefined,
  isMeant: (event: AssetEvent) => boolean,
): Promise<() => Promise<AssetEvent | undefined>> {
  const trying = <Answer>(ask: () => Promise<Answer>): Promise<Answer> => keepTrying(ask, signal);
  const of = await trying(() => findSource(db, assetIds, sourceOf(inlet)));
  const all = { of, after: 0, upTo: everMore };
  let seen: Seq = sinceAt === undefined ? 0 : await trying(() => positionBefore(db, all, sinceAt));
  return async () => {
    for (;;) {
      const page = await trying(() => readRecorded(db, { ...all, after: seen }, { limit: pageSize }));
      const found = page.find(isMeant);
      if (found !== undefined) return found;
      seen = page.at(-1)?.seq ?? seen;
      if (page.length < pageSize) return undefined;
    }
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    signal.throwIfAborted();
  }
}

/** What a task is told that waited in vain. */
export function timedOut(inlet: AnySource, { partition, timeout }: WaitOptions): TidegateError {
  const which = partition === undefined ? 'event' : `event of partition ${JSON.stringify(partition)}`;
  return new TidegateError(
    'wait_timed_out',
    `no ${which} of ${titleOf(sourceOf(inlet))} that is waited for came within ${String(timeout)}: allow a longer timeout, or see why it was not updated`,
  );
}
