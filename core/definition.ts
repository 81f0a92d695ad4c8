import type { LeafId } from './batch.ts';
import type { Condition } from './condition.ts';
import type { LeafAssets } from './explanation.ts';
import type { RunPlan, WhilePaused } from './run-plan.ts';

/** What is in force for a consumer at one position of the log: its DAG's plan with the condition's leaves numbered. */
export interface Definition {
  readonly version: number;
  /** `null` once the DAG was removed. */
  readonly plan: RunPlan | null;
  readonly condition: Condition<LeafId> | null;
  readonly assets: LeafAssets;
  readonly maxActiveRuns: number;
  readonly whilePaused: WhilePaused;
  /** Whether runs by time and by hand consume what is queued when they are let in. */
  readonly requestedRunsConsume: boolean;
}
