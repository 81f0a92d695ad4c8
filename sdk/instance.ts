import { normalizeUri, parseAssetName } from '../core/asset-uri.ts';
import { render, type TemplateValues } from '../core/template.ts';
import type { AnyAsset } from './asset.ts';

/**
 * The asset that a templated one stands for in a run, with all that is known about the template. Named by its URI where the name is no
 * template. What values hold is never a template itself.
 * @throws TidegateError `invalid_input` naming what there is no value for; `invalid_uri` or `invalid_definition` when what comes out is not valid
 */
export function instanceOf(asset: AnyAsset, values: TemplateValues): AnyAsset {
  const { template } = asset;
  if (template === undefined) return asset;
  const written = render(template.uri, values);
  const { uri, warnings } = normalizeUri(written);
  const name = template.name === undefined ? written : render(template.name, values);
  return { ...asset, name: parseAssetName(name), uri, uriWarnings: warnings, template: undefined };
}
