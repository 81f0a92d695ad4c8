import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import type { ProjectWarning } from '../core/project-plan.ts';
import { defaultUriLevel, weigh } from '../core/uri-level.ts';
import type { AnyAsset } from '../sdk/asset.ts';
import type { ProjectConfig } from '../sdk/config.ts';

/** @throws TidegateError `invalid_uri` naming the asset and its place, when the project is strict and the rule of its scheme is not met */
export function requireUri({ name, uri, uriWarnings, place }: AnyAsset, config: ProjectConfig): void {
  const [reason] = weigh(uriWarnings, levelOf(config)).errors;
  if (reason === undefined) return;
  throw new TidegateError(
    'invalid_uri',
    `asset '${name}' (${place}): URI ${quote(uri)} is not valid: ${reason}`,
  );
}

/** What there is to say of the URIs of assets, once for each place. */
export function warningsOf(assets: readonly AnyAsset[], config: ProjectConfig): readonly ProjectWarning[] {
  const warnings = assets.flatMap(({ name, uriWarnings, place }) =>
    weigh(uriWarnings, levelOf(config)).warnings.map((message) => ({
      place,
      message: `asset '${name}': ${message}`,
    })),
  );
  return [...new Map(warnings.map((warning) => [JSON.stringify(warning), warning])).values()];
}

function levelOf({ assetUris = defaultUriLevel }: ProjectConfig) {
  return assetUris;
}
