import { PoolCollection, PoolDetails, PoolDetailsQuery, PoolQuery } from './contract/pools.ts';
import type { Operation } from './operation.ts';

/** What tasks and runs of all DAGs share. */
export const poolOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/v2/pools',
    summary: 'List pools',
    tag: 'Pool',
    query: PoolQuery,
    answer: PoolCollection,
    failures: [422],
  },
  {
    method: 'get',
    path: '/api/v2/pools/:pool_name',
    summary: 'A pool, with those who hold slots of it and those who wait',
    tag: 'Pool',
    query: PoolDetailsQuery,
    answer: PoolDetails,
    failures: [404, 422],
  },
];
