import type { LeaseRecord, PoolRecord } from '../../store/pool-queries.ts';
import type { Pool, PoolLease } from '../contract/pools.ts';
import { toInstant, toOptionalInstant } from './instants.ts';

export function toPool({ pool, held, holders, waiting, nextAt }: PoolRecord): Pool {
  const { name, slots = null, slotsPerKey = null, rate } = pool;
  return {
    ...{ name, slots, slots_per_key: slotsPerKey },
    rate: rate === undefined ? null : { starts: rate.starts, per_seconds: rate.perMs / 1_000 },
    occupied_slots: held,
    open_slots: slots === null ? null : Math.max(0, slots - held),
    ...{ holders, waiting, next_start_at: toOptionalInstant(nextAt) },
  };
}

export function toPoolLease({
  dagId,
  runId,
  attempt,
  taskId,
  mapIndex = -1,
  ...lease
}: LeaseRecord): PoolLease {
  return {
    ...{ dag_id: dagId, dag_run_id: runId, attempt, task_id: taskId ?? null, map_index: mapIndex },
    ...{ key: lease.key, slots: lease.slots },
    asked_at: toInstant(lease.askedAt),
    granted_at: toOptionalInstant(lease.grantedAt),
  };
}
