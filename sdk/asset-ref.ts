import { normalizeUri, parseAssetName } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { isRecord, shown } from '../core/json.ts';
import { brand } from './brand.ts';
import { type Chainable, chainable } from './condition.ts';
import { placeOfCaller } from './place.ts';

/** The active asset of a name or a URI, whoever declares it. */
export interface AssetByReference extends Chainable {
  readonly [brand]: 'assetRef';
  readonly by: 'name' | 'uri';
  /** That name, or that URI. */
  readonly name: string;
  /** Where it was written. */
  readonly place: string;
}

/**
 * Refers to an asset by its name or its URI, without declaring it: whichever active asset has it when the DAG is deployed, and from the
 * time on at which there is one.
 * @example
 * ```ts
 * import { all, assetRef, dag } from 'tidegate';
 *
 * const orders = assetRef({ name: 'orders' });
 *
 * export const report = dag('report', { schedule: all(orders, assetRef({ uri: 's3://lake/rates' })) }, (d) => {
 *   d.task('report', async ({ events, log }) => log.info('updated', { orders: await events.of(orders).count() }));
 * });
 * ```
 * @param to - either a name or a URI
 * @throws TidegateError `invalid_definition` or `invalid_uri` when it is none of both, or not valid
 */
export function assetRef(
  to: { readonly name: string; readonly uri?: never } | { readonly uri: string; readonly name?: never },
): AssetByReference {
  const place = placeOfCaller();
  const given: unknown = to;
  const { name, uri } = isRecord(given) ? given : {};
  if (typeof name === 'string' && uri === undefined)
    return chainable({
      [brand]: 'assetRef' as const,
      by: 'name' as const,
      name: parseAssetName(name),
      place,
    });
  if (typeof uri === 'string' && name === undefined)
    return chainable({
      [brand]: 'assetRef' as const,
      by: 'uri' as const,
      name: normalizeUri(uri).uri,
      place,
    });
  throw new TidegateError(
    'invalid_definition',
    `assetRef(${shown(to)}) is not valid: give it a name or a URI, as in assetRef({ name: 'orders' })`,
  );
}
