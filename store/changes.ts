import type { DagId } from '../core/ids.ts';
import { canonicalJson } from '../core/json.ts';
import type { DagPlan } from '../core/run-plan.ts';
import { type AssetCatalog, isOpenPlan, type ResolvedPlan, resolvePlan } from '../core/selection.ts';
import type { Tx } from './log.ts';
import type { Change } from './versions.ts';

/** What stands for the plan of a DAG that was removed. */
export const retiredHash = 'retired';

/** A plan's hash. Where it depends on which assets there are, those that it is about count. */
export type HashOf = (plan: DagPlan) => string;

interface PlanToPlace {
  readonly plan: DagPlan;
  readonly version: number;
  readonly hashOf: HashOf;
  /** Where the plan was stored before, which does not keep the order of its fields. */
  readonly hash?: string;
}

/** A plan as the version of a DAG: it is another one when author or assets make it so. */
export function changeOf(
  { plan, version, hashOf, hash = hashOf(plan) }: PlanToPlace,
  catalog: AssetCatalog,
): Change {
  const resolved = resolvePlan(plan, catalog);
  const about = isOpenPlan(plan) ? `:${hashOf(toHash(resolved))}` : '';
  return { dagId: plan.dagId, version, file: plan.file, hash: `${hash}${about}`, plan, resolved };
}

/** The same for the same assets. What people are told of them is part of it. */
function toHash({ plan, notes }: ResolvedPlan): DagPlan {
  const sorted: DagPlan = JSON.parse(canonicalJson({ ...plan, description: notes.join(' ') }));
  return sorted;
}

/** A DAG that is removed. */
export function removalOf(dagId: DagId, version: number, file: string): Change {
  return { dagId, version, file, hash: retiredHash, plan: null, resolved: null };
}

/** DAGs whose references and selectors mean other assets than when their version was written, but for some. */
export async function findMoved(
  tx: Tx,
  readAll: () => Promise<AssetCatalog>,
  hashOf: HashOf,
  isLeftOut: (dagId: DagId) => boolean = () => false,
): Promise<readonly Change[]> {
  const open = await tx
    .selectFrom('dag')
    .innerJoin('dag_version', (join) =>
      join.onRef('dag_version.dag_id', '=', 'dag.dag_id').onRef('dag_version.version', '=', 'dag.version'),
    )
    .select(['dag.dag_id', 'dag.version', 'dag_version.hash', 'dag_version.plan'])
    .where('dag.is_open', '=', true)
    .orderBy('dag.dag_id')
    .execute();
  if (open.length === 0) return [];
  const catalog = await readAll();
  return open.flatMap(({ dag_id, version, hash, plan }) => {
    if (plan === null || isLeftOut(dag_id)) return [];
    const [authored] = hash.split(':');
    const change = changeOf(
      { plan, version: version + 1, hashOf, ...(authored && { hash: authored }) },
      catalog,
    );
    return change.hash === hash ? [] : [change];
  });
}
