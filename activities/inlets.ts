import type { Seq } from '../core/asset-event.ts';
import { sourceOf } from '../sdk/source.ts';
import type { AnySource, Inlets } from '../sdk/index.ts';
import type { AssetIds } from '../store/asset-ids.ts';
import type { Db } from '../store/database.ts';
import { readLog } from '../store/log.ts';
import {
  countRecorded,
  positionBefore,
  readRecorded,
  type RecordedStretch,
} from '../store/recorded-events.ts';
import { findSource } from '../store/source-ids.ts';
import { createReaders, type Stretch } from './event-readers.ts';
import { keepTrying } from './keep-trying.ts';

/** What reads of inlets work with. */
export interface InletDeps {
  readonly db: Db;
  readonly assetIds: AssetIds;
  /** Inlets of the task. */
  readonly inlets: readonly AnySource[];
  readonly signal: AbortSignal;
}

/** The inlets of one try, which sees the log as it was when it first read one of them. */
export function createInlets(deps: InletDeps): Inlets {
  const { db, inlets, signal } = deps;
  const headOf = once(() => keepTrying(async () => (await readLog(db)).head, signal));
  return createReaders(inlets, (asked) => {
    const stretchOf = once(() => keepTrying(async () => stretch(deps, asked, await headOf()), signal));
    return {
      read: async (page) => {
        const within = await stretchOf();
        return keepTrying(() => readRecorded(db, within, page), signal);
      },
      count: async () => {
        const within = await stretchOf();
        return keepTrying(() => countRecorded(db, within), signal);
      },
    };
  });
}

/** Where the events of an inlet lie that were recorded within its times, up to the head of the log. */
async function stretch(
  { db, assetIds }: InletDeps,
  { inlet, fromAt, untilAt }: Stretch,
  head: Seq,
): Promise<RecordedStretch> {
  const of = await findSource(db, assetIds, sourceOf(inlet));
  const all = { of, after: 0, upTo: head };
  const after = fromAt === undefined ? 0 : await positionBefore(db, all, fromAt);
  // Times are whole milliseconds: before the next one is within this one.
  const upTo = untilAt === undefined ? head : await positionBefore(db, all, untilAt + 1);
  return { of, after, upTo };
}

/** Asks once and remembers the answer, but no failure. */
function once<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let asked: Promise<Answer> | undefined;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}
