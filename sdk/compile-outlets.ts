import { assetKey } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import type { DagOutlet } from '../core/run-plan.ts';
import type { AnyAsset } from './asset.ts';
import { refOf, requireAssets } from './task-sources.ts';
import { defaultExtra } from './default-extra.ts';

/**
 * The outlets of a DAG as a whole, with the extra that their events have.
 * @throws TidegateError `invalid_definition` when one of them is no asset, or its events need an extra that only a task can give
 */
export function compileOutlets(outlets: readonly AnyAsset[]): readonly DagOutlet[] {
  requireAssets('outlet', outlets);
  const templated = outlets.find(({ template }) => template !== undefined);
  if (templated !== undefined) {
    throw new TidegateError(
      'invalid_definition',
      `outlet ${templated.name} of the DAG is templated: make it an outlet of a task`,
    );
  }
  const byKey = new Map(outlets.map((asset) => [assetKey(asset), asset]));
  return [...byKey.values()].map((asset) => {
    const extra = defaultExtra(asset);
    if (extra === undefined) {
      throw new TidegateError(
        'invalid_definition',
        `outlet ${asset.name} of the DAG has an eventExtra that asks for an extra: make it an outlet of a task, which emits it`,
      );
    }
    return { asset: refOf(asset), extra };
  });
}
