import { createHash } from 'node:crypto';
import type { ProjectPlan } from '../core/project-plan.ts';

/** SHA-256 over the canonical JSON of a plan: the same for the same project, whichever machine compiled it. */
export function hashOf(plan: Omit<ProjectPlan, 'hash'>): string {
  return createHash('sha256').update(canonicalJson(plan)).digest('hex');
}

/** JSON with the keys of every object in order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
