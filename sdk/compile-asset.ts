import type { AssetPlan } from '../core/project-plan.ts';
import type { AnyAsset } from './asset.ts';
import { toJsonSchema } from './json-schema.ts';

/**
 * What is deployed for an asset.
 * @throws TidegateError `invalid_definition` when its event schema has no JSON form
 */
export function compileAsset(asset: AnyAsset): AssetPlan {
  const { name, uri, group, tags, description, owners, extra } = asset;
  return {
    name,
    uri,
    group,
    tags,
    description,
    owners,
    extra,
    eventSchema: toJsonSchema(asset.eventExtra, `eventExtra of asset '${name}'`),
  };
}
