import { sql } from 'kysely';
import { ageOf, type Retained, retained, type RetentionPlan } from '../core/retention.ts';
import type { Db } from './database.ts';
import { pruneConsumption, pruneEvents } from './prune-events.ts';
import { pruneLogs, pruneRuns } from './prune-runs.ts';
import { pruneSteps } from './prune-steps.ts';
import type { Pruned, PruneCursor, PruneStep, Removed } from './pruning.ts';

export interface PruneOptions {
  /** Only counts what would go. */
  readonly isDry?: boolean;
  /** Ends it behind the transaction that is under way; what is left is for the next time. */
  readonly signal?: AbortSignal;
  /** Called behind every transaction. */
  readonly onStep?: (removed: Removed) => void;
}

/**
 * Deletes what is past its age, a little at a time: each transaction is short, and what was deleted stays so when it is cut off. It may
 * run beside itself and everything else.
 * @returns how many rows went, or in a dry run would go, by table
 */
export async function prune(
  db: Db,
  plan: RetentionPlan,
  { isDry = false, signal, onStep = () => undefined }: PruneOptions = {},
): Promise<Removed> {
  const total: Record<string, number> = {};
  const now = await readClock(db);
  const before = (ageMs: number): Date => new Date(now - ageMs);
  for (const kind of retained) {
    const ageMs = kind === 'logs' ? ageOfLogs(plan) : ageOf(plan, kind);
    if (ageMs === undefined) continue;
    const runsBefore = plan.runsMs === undefined ? {} : { runsBefore: before(plan.runsMs) };
    for (const step of stepsOf[kind]) {
      let cursor: PruneCursor | undefined;
      do {
        signal?.throwIfAborted();
        const at = { before: before(ageMs), ...runsBefore, isDry, ...(cursor && { cursor }) };
        const { removed, next } = await step(db, at);
        // A dry run would find the lines of a run that goes twice: with the logs, and with the run.
        for (const [table, count] of Object.entries(removed))
          if (!isDry || kind !== 'runs' || table !== 'task_log') total[table] = (total[table] ?? 0) + count;
        onStep(removed);
        cursor = next;
      } while (cursor !== undefined);
    }
  }
  return total;
}

const stepsOf: Readonly<
  Record<Retained, readonly ((db: Db, at: PruneStep & { readonly runsBefore?: Date }) => Promise<Pruned>)[]>
> = {
  logs: [pruneLogs],
  runs: [pruneRuns],
  events: [pruneEvents, pruneConsumption],
  steps: [pruneSteps],
};

/** A run that goes takes its log with it, of which there may be too much for one transaction. */
function ageOfLogs({ logsMs, runsMs }: RetentionPlan): number | undefined {
  if (logsMs === undefined || runsMs === undefined) return logsMs ?? runsMs;
  return Math.min(logsMs, runsMs);
}

async function readClock(db: Db): Promise<number> {
  const { rows } = await sql<{
    now: number;
  }>`select (extract(epoch from clock()) * 1000)::bigint as now`.execute(db);
  return rows[0]?.now ?? Date.now();
}
