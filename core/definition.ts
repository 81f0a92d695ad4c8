import type { GateTerms } from './gate.ts';
import type { LeafAssets } from './explanation.ts';
import type { Partitions } from './judge.ts';
import type { RunPlan, WhilePaused } from './run-plan.ts';
import type { SingleFlight } from './single-flight.ts';

/** What is in force for a consumer at one position of the log: its DAG's plan with the condition's leaves numbered. */
export interface Definition extends GateTerms {
  readonly version: number;
  /** `null` once the DAG was removed. */
  readonly plan: RunPlan | null;
  readonly assets: LeafAssets;
  /** What events of partitions mean; absent is nothing. */
  readonly partitions?: Partitions;
  readonly maxActiveRuns: number;
  readonly whilePaused: WhilePaused;
  /** Whether runs by time and by hand consume what is queued when they are let in. */
  readonly requestedRunsConsume: boolean;
  /** Whether runs by time wait until the condition is met, and consume. Absent is no. */
  readonly ticksWait?: true;
  /** Of which runs only one goes on at a time; absent is of none. */
  readonly singleFlight?: SingleFlight;
  /** What people should know about the assets it is about: sentences. */
  readonly notes?: readonly string[];
}
