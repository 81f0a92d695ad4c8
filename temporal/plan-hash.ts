import { createHash } from 'node:crypto';
import type { DagPlan } from '../core/run-plan.ts';

/** SHA-256 over a plan: another version of a DAG has another. */
export function planHash(plan: DagPlan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex');
}
