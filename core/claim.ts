import type { DagId } from './ids.ts';
import type { StepInput } from './steps.ts';

/**
 * One step of one life of a consumer's workflow. Whoever claims the gate next ends that life; whoever takes the next step leaves a
 * worker behind that stood still in this one and only now goes on.
 */
export interface Claim {
  readonly dagId: DagId;
  readonly epoch: number;
  /** Counts what this life has written, from 1. */
  readonly step: number;
  /** What reached it since the step before. */
  readonly since?: readonly StepInput[];
}
