import { assetKey } from '../core/asset-uri.ts';
import type { DagPlan } from '../core/run-plan.ts';
import { compileDag } from '../sdk/compile.ts';
import type { DagDefinition } from '../sdk/dag.ts';
import type { ProjectAssets } from './project-assets.ts';

/**
 * The plan of a DAG that updates assets as a whole: their events have the defaults of the project's fullest declaration of them, which may
 * be in another file.
 * @throws TidegateError `invalid_definition` when that asks for more than defaults
 */
export function withFullOutlets(
  plan: DagPlan,
  definition: DagDefinition,
  { assets }: ProjectAssets,
): DagPlan {
  if (plan.run.outlets === undefined) return plan;
  const outlets = (definition.options.outlets ?? []).map((asset) => assets.get(assetKey(asset)) ?? asset);
  const { run } = compileDag({ ...definition, options: { ...definition.options, outlets } }, plan.file);
  // Only this is taken over: what the project adds to the tasks is in the plan already.
  return { ...plan, run: { ...plan.run, ...run, tasks: plan.run.tasks } };
}
