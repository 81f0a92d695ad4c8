import { assetKey, normalizeUri } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { isRecord, shown } from '../core/json.ts';
import type { AnyAsset, AssetReference } from '../sdk/index.ts';

/**
 * The inlet that an asset, or its name or URI, means.
 * @throws TidegateError `undeclared_inlet` when the task has no such inlet
 */
export function declaredInlet(inlets: readonly AnyAsset[], wanted: AssetReference): AnyAsset {
  const found = inlets.find((inlet) => isMeant(inlet, wanted));
  if (found !== undefined) return found;
  const names = inlets.map(({ name }) => name).join(', ');
  throw new TidegateError(
    'undeclared_inlet',
    `${nameOf(wanted)} is not an inlet of this task: add it to 'inlets' (declared: ${names === '' ? 'none' : names})`,
  );
}

/** Authors may write plain JavaScript, so the type alone is no proof. */
function isMeant(inlet: AnyAsset, wanted: unknown): boolean {
  if (typeof wanted === 'string') return inlet.name === wanted || inlet.uri === spelled(wanted);
  if (!isRecord(wanted)) return false;
  const { name, uri } = wanted;
  if (typeof name === 'string' && typeof uri === 'string')
    return (
      assetKey(inlet) === assetKey({ name, uri: spelled(uri) ?? inlet.uri }) && spelled(uri) !== undefined
    );
  return typeof uri === 'string' ? inlet.uri === spelled(uri) : inlet.name === name;
}

function spelled(uri: string) {
  try {
    return normalizeUri(uri).uri;
  } catch {
    return undefined;
  }
}

function nameOf(wanted: unknown): string {
  if (typeof wanted === 'string') return wanted;
  return isRecord(wanted) ? String(wanted['name'] ?? wanted['uri']) : shown(wanted);
}
