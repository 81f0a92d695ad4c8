import type { Seq } from '../core/asset-event.ts';
import type { Forgotten, Gate } from '../core/gate.ts';
import type { DagId } from '../core/ids.ts';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import type { Claim } from '../core/claim.ts';
import { claimGate, type Claimed } from '../store/claim.ts';
import * as store from '../store/consumers.ts';
import { type Admitted, admitRuns, type RunsToAdmit } from '../store/admit-runs.ts';
import {
  type Opened,
  type OpenedParts,
  openParts,
  openRuns,
  type PartsToOpen,
  type RunsToOpen,
} from '../store/open-runs.ts';
import { type DeadlineToWrite, writeDeadline, type WrittenDeadline } from '../store/write-deadline.ts';
import { type ReachedTime, reachTime } from '../store/reach-time.ts';
import { recall, recallMet } from '../store/recall.ts';
import { type RunsToStop, type StoppedRuns, stopRuns } from '../store/stop-runs.ts';
import type { WorkerDeps } from './deps.ts';

/** What a consumer starts from, and which search attributes it may set. */
export type ClaimedGate = Claimed & { readonly searchAttributes: readonly SearchAttributeName[] };

/** The transactions of `consumerDag`; each can be told again and then changes nothing. */
export interface ConsumerActivities {
  claimGate(dagId: DagId): Promise<ClaimedGate>;
  openRuns(runs: RunsToOpen): Promise<Opened>;
  openParts(wish: PartsToOpen): Promise<OpenedParts>;
  admitRuns(wish: RunsToAdmit): Promise<Admitted>;
  adoptDefinition(
    change: Claim & { readonly version: number; readonly at: Seq; readonly gate: Gate },
  ): Promise<store.Adopted>;
  checkpoint(state: Claim & { readonly version: number; readonly gate: Gate }): Promise<'stored' | 'stale'>;
  setPaused(wish: Claim & store.Pausing): Promise<store.Paused>;
  clearQueue(wish: Claim & store.ClearingQueue): Promise<store.Cleared>;
  recallKeys(wish: {
    readonly dagId: DagId;
    readonly gate: Gate;
    readonly keys: readonly string[];
  }): Promise<Gate['queued']>;
  recallMet(wish: {
    readonly dagId: DagId;
    readonly gate: Gate;
  }): Promise<Forgotten & { readonly queued: Gate['queued'] }>;
  reachTime(wish: { readonly dagId: DagId; readonly at: number; readonly after: Seq }): Promise<ReachedTime>;
  writeDeadline(deadline: DeadlineToWrite): Promise<WrittenDeadline>;
  stopRuns(wish: RunsToStop): Promise<StoppedRuns>;
}

export function createConsumerActivities({
  db,
  dispatcher,
  searchAttributes,
}: WorkerDeps): ConsumerActivities {
  return {
    async claimGate(dagId) {
      const claimed = await claimGate(db, dagId);
      // What was recorded behind the checkpoint comes again, under the new epoch.
      if (claimed.kind === 'claimed') dispatcher.notify([dagId]);
      return { ...claimed, searchAttributes };
    },
    openRuns: (runs) => openRuns(db, runs),
    openParts: (wish) => openParts(db, wish),
    admitRuns: (wish) => admitRuns(db, wish),
    adoptDefinition: (change) => store.adoptDefinition(db, change, change),
    checkpoint: (state) => store.checkpoint(db, state, state),
    setPaused: (wish) => store.setPaused(db, wish, wish),
    clearQueue: (wish) => store.clearQueue(db, wish, wish),
    writeDeadline: (deadline) => writeDeadline(db, deadline),
    stopRuns: (wish) => stopRuns(db, wish),
    recallKeys: ({ dagId, gate, keys }) => recall(db, dagId, gate, keys),
    recallMet: ({ dagId, gate }) => recallMet(db, dagId, gate),
    async reachTime(wish) {
      const reached = await reachTime(db, wish);
      if (reached.kind === 'behind') dispatcher.notify([wish.dagId]);
      return reached;
    },
  };
}
