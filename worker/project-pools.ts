import { TidegateError } from '../core/errors.ts';
import type { PoolPlan } from '../core/pool.ts';
import { requirePool } from '../core/pool-options.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { DagDefinition } from '../sdk/dag.ts';
import { topologicalOrder } from '../sdk/topological-order.ts';

/**
 * Holds a DAG against the pools of its project.
 * @throws TidegateError `invalid_definition` for a pool that is not there, or is too small, and where tasks would wait for what their own run holds
 */
export function requirePools(definition: DagDefinition, { run }: DagPlan, pools: readonly PoolPlan[]): void {
  const of = `DAG '${definition.id}' (${definition.place})`;
  if (run.pool !== undefined) named(of, () => requirePool(pools, run.pool));
  for (const { id, pool } of run.tasks) {
    named(`${of}: task '${id}'`, () => {
      requirePool(pools, pool);
      if (pool !== undefined && pool.name === run.pool?.name)
        throw new TidegateError(
          'invalid_definition',
          `it waits for pool '${pool.name}', of which its run holds slots as a whole: once runs hold all, none could go on; use one of both, or two pools`,
        );
    });
  }
}

function named(what: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    throw new TidegateError(error.code, `${what}: ${error.message}`, { cause: error });
  }
}

/**
 * DAGs whose runs hold slots of one pool while their tasks wait for another, in a circle: all of them could come to wait for each other.
 * @returns what is wrong with each, by its id
 */
export function poolCircles(dags: readonly DagPlan[]): ReadonlyMap<string, string> {
  const waits = new Map<string, Set<string>>();
  for (const { run } of dags) {
    if (run.pool === undefined) continue;
    const behind = waits.get(run.pool.name) ?? new Set<string>();
    waits.set(run.pool.name, behind);
    for (const { pool } of run.tasks) if (pool !== undefined) behind.add(pool.name);
  }
  const ordering = topologicalOrder([...waits.keys()], (name) => [...(waits.get(name) ?? [])]);
  if (ordering.kind === 'ordered') return new Map();
  const circle = new Set(ordering.items);
  const round = [...ordering.items, ...ordering.items.slice(0, 1)].map((name) => `'${name}'`).join(', then ');
  const message = `its runs hold slots of a pool while its tasks wait for another, and other DAGs do the reverse (${round}): they could wait for each other for ever; let runs hold one of these pools only`;
  const isInCircle = ({ run }: DagPlan): boolean =>
    run.pool !== undefined &&
    circle.has(run.pool.name) &&
    run.tasks.some(({ pool }) => pool !== undefined && circle.has(pool.name));
  return new Map(dags.filter(isInCircle).map(({ dagId }) => [dagId, `DAG '${dagId}': ${message}`]));
}
