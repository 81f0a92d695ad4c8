import { normalizeUri } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { isRecord, shown } from '../core/json.ts';
import { sourceKey, titleOf } from '../core/source.ts';
import type { AnySource, AssetReference } from '../sdk/index.ts';
import { isAsset, isAssetRef, isSource, sourceOf } from '../sdk/source.ts';

/**
 * The inlet that an asset or alias, or its name or URI, means. Where an asset and an alias have that name it is the asset.
 * @throws TidegateError `undeclared_inlet` when the task has no such inlet
 */
export function declaredInlet(inlets: readonly AnySource[], wanted: AnySource | AssetReference): AnySource {
  const isMeant = meaningOf(wanted);
  const found = inlets.filter(isMeant);
  const inlet = found.find(isAsset) ?? found[0];
  if (inlet !== undefined) return inlet;
  const names = inlets.map((one) => titleOf(sourceOf(one))).join(', ');
  throw new TidegateError(
    'undeclared_inlet',
    `${nameOf(wanted)} is not an inlet of this task: add it to 'inlets' (declared: ${names === '' ? 'none' : names})`,
  );
}

/** Authors may write plain JavaScript, so the type alone is no proof. */
function meaningOf(wanted: unknown): (inlet: AnySource) => boolean {
  if (isAssetRef(wanted)) {
    const { by, name } = wanted;
    return (inlet) => isAsset(inlet) && name === (by === 'uri' ? inlet.uri : inlet.name);
  }
  if (isSource(wanted)) {
    const key = sourceKey(sourceOf(wanted));
    return (inlet) => sourceKey(sourceOf(inlet)) === key;
  }
  if (typeof wanted === 'string') {
    const uri = spelled(wanted);
    return (inlet) => inlet.name === wanted || (isAsset(inlet) && inlet.uri === uri);
  }
  if (!isRecord(wanted)) return () => false;
  const { name, uri } = wanted;
  if (typeof uri !== 'string') return (inlet) => inlet.name === name;
  const wantedUri = spelled(uri);
  return (inlet) => isAsset(inlet) && inlet.uri === wantedUri && (name === undefined || inlet.name === name);
}

function spelled(uri: string): string | undefined {
  try {
    return normalizeUri(uri).uri;
  } catch {
    return undefined;
  }
}

function nameOf(wanted: unknown): string {
  if (typeof wanted === 'string') return wanted;
  if (isSource(wanted)) return titleOf(sourceOf(wanted));
  return isRecord(wanted) ? String(wanted['name'] ?? wanted['uri']) : shown(wanted);
}
