import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/json.ts';
import type { ProjectPlan } from '../core/project-plan.ts';

/** SHA-256 over the canonical JSON of a plan: the same for the same project, whichever machine compiled it. */
export function hashOf(plan: Omit<ProjectPlan, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(plan)).digest('hex');
}
