/** How many tasks or runs a pool lets start in which time. */
export interface RatePlan {
  /** Most starts in any window of `perMs`; that many may start at once. */
  readonly starts: number;
  readonly perMs: number;
}

/** What tasks and runs of all DAGs share, as it is deployed. It limits at least one of these; what is absent is not limited. */
export interface PoolPlan {
  readonly name: string;
  /** Most slots that are held at a time. */
  readonly slots?: number;
  /** Most slots that are held at a time for one key. */
  readonly slotsPerKey?: number;
  readonly rate?: RatePlan;
}

/** What a task, or a run as a whole, takes of a pool while it runs. */
export interface PoolUse {
  readonly name: string;
  /** Absent is one. */
  readonly slots?: number;
  /** Among whom the pool is fair: a text or a template; absent is the DAG. */
  readonly key?: string;
}

/** Slots that a use takes. */
export function slotsOf({ slots = 1 }: Pick<PoolUse, 'slots'>): number {
  return slots;
}

/** Most slots that one request can hold: a pool may have become smaller than what a run that is under way asks for. */
export function mostSlots({ slots = Infinity, slotsPerKey = Infinity }: PoolPlan): number {
  return Math.min(slots, slotsPerKey);
}
