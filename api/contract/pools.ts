import { z } from 'zod';
import { limitParameter, offsetParameter, totalEntries } from './page.ts';
import { Instant } from './scalars.ts';

/** What tasks and runs of all DAGs share, as it is now. */
export const Pool = z
  .object({
    name: z.string(),
    /** Most slots that are held at a time; null is no limit. */
    slots: z.int().nullable(),
    /** Most slots that are held at a time for one key; null is no limit. */
    slots_per_key: z.int().nullable(),
    /** Most starts in any window of so many seconds; null is no limit. */
    rate: z.object({ starts: z.int(), per_seconds: z.number() }).nullable(),
    /** Slots that are held. */
    occupied_slots: z.int(),
    /** Slots that are not; null where there is no limit. */
    open_slots: z.int().nullable(),
    /** How many hold slots, and how many wait for some. */
    holders: z.int(),
    waiting: z.int(),
    /** When the rate allows the next of them to start; null where that keeps nobody back. */
    next_start_at: Instant.nullable(),
  })
  .meta({ id: 'Pool' });
export type Pool = z.infer<typeof Pool>;

/** A page of pools. */
export const PoolCollection = z
  .object({ pools: z.array(Pool), total_entries: totalEntries })
  .meta({ id: 'PoolCollection' });
export type PoolCollection = z.infer<typeof PoolCollection>;

/** Who holds slots of a pool, or waits for some. */
export const PoolLease = z
  .object({
    dag_id: z.string(),
    dag_run_id: z.string(),
    attempt: z.int(),
    /** Null where it is the run as a whole. */
    task_id: z.string().nullable(),
    /** Which instance of a mapped task; -1 of anything else. */
    map_index: z.int(),
    /** Among whom the pool is fair. */
    key: z.string(),
    slots: z.int(),
    asked_at: Instant,
    /** Null while it waits. */
    granted_at: Instant.nullable(),
  })
  .meta({ id: 'PoolLease' });
export type PoolLease = z.infer<typeof PoolLease>;

/** A pool with those who hold slots of it, the longest first, and those who wait, in the order in which they asked. */
export const PoolDetails = Pool.extend({
  held_by: z.array(PoolLease),
  waited_for_by: z.array(PoolLease),
}).meta({ id: 'PoolDetails' });
export type PoolDetails = z.infer<typeof PoolDetails>;

/** Query of `GET /api/v2/pools`; pools come by their names. */
export const PoolQuery = z.object({ limit: limitParameter, offset: offsetParameter });

/** Query of `GET /api/v2/pools/{pool_name}`: how many of each are listed. */
export const PoolDetailsQuery = z.object({ limit: limitParameter });
