import { Router } from 'express';
import { countPools, findPool, listLeases, listPools } from '../../store/pool-queries.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import { type PoolCollection, type PoolDetails, PoolDetailsQuery, PoolQuery } from '../contract/pools.ts';
import type { ApiDeps } from '../deps.ts';
import { queryOf, unknownPool } from '../request.ts';
import { toPool, toPoolLease } from '../wire/pools.ts';

export function poolRoutes({ db }: ApiDeps): Router {
  const router = Router();

  router.get('/pools', async (request, response) => {
    const page = queryOf(PoolQuery, request);
    const [pools, total] = await inSnapshot(
      db,
      async (tx) => [await listPools(tx, page), await countPools(tx)] as const,
    );
    response.json({ pools: pools.map(toPool), total_entries: total } satisfies PoolCollection);
  });

  router.get('/pools/:pool_name', async (request, response) => {
    const { limit } = queryOf(PoolDetailsQuery, request);
    const name = request.params.pool_name;
    const details = await inSnapshot(db, async (tx): Promise<PoolDetails | undefined> => {
      const pool = await findPool(tx, name);
      if (pool === undefined) return undefined;
      const held = await listLeases(tx, name, { isHeld: true, limit });
      const waiting = await listLeases(tx, name, { isHeld: false, limit });
      return { ...toPool(pool), held_by: held.map(toPoolLease), waited_for_by: waiting.map(toPoolLease) };
    });
    if (details === undefined) throw unknownPool(name);
    response.json(details);
  });

  return router;
}
