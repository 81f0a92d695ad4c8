import type { ColumnType, Generated } from 'kysely';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { RatePlan } from '../core/pool.ts';
import type { Instant, JsonColumn, OptionalInstant, OptionalJson, OptionalNumber } from './columns.ts';

export interface PoolTable {
  readonly name: string;
  readonly slots: OptionalNumber;
  readonly slots_per_key: OptionalNumber;
  readonly rate: OptionalJson<RatePlan>;
  /** When those started that still count against the rate, as epoch milliseconds. */
  readonly starts: JsonColumn<readonly number[]>;
  /** Turns that its keys had. */
  readonly turn: Generated<number>;
  /** When somebody may start whom only the rate, or a changed definition, kept back. */
  readonly next_at: OptionalInstant;
}

/** What a task, or a run as a whole, holds of a pool, or waits for. */
export interface PoolLeaseTable {
  readonly dag_id: DagId;
  readonly run_id: RunId;
  readonly attempt: number;
  /** Empty where it is the run's. */
  readonly task_id: TaskId | '';
  readonly map_index: number;
  readonly pool: string;
  readonly key: string;
  readonly slots: number;
  /** In the order in which was asked. */
  readonly number: ColumnType<number, never, never>;
  /** The workflow that waits for it, or holds it. */
  readonly workflow_id: string;
  readonly asked_at: Instant;
  readonly granted_at: OptionalInstant;
  /** Whether the workflow knows that it was granted. */
  readonly is_told: Generated<boolean>;
}

/** A key that holds something of a pool, or waits for it. */
export interface PoolKeyTable {
  readonly pool: string;
  readonly key: string;
  readonly held: number;
  /** Slots that the oldest request of it asks for; `null` where none waits. */
  readonly next_slots: OptionalNumber;
  /** Its place in the ring: lowest is next. */
  readonly place: number;
}
