import { TidegateError } from '../core/errors.ts';
import { type AnyAsset, type AnySource, asset, type AssetByReference } from '../sdk/index.ts';
import { isAssetRef } from '../sdk/source.ts';
import { findActive } from '../store/active-assets.ts';
import type { Db } from '../store/database.ts';
import type { Outlet } from './emitted.ts';

type Describe = (asset: AnyAsset) => AnyAsset;

/**
 * The outlets of one try, with the active asset that each reference stands for now.
 * @throws TidegateError `unknown_asset` when there is none: better before the code runs than behind hours of work
 */
export async function resolveOutlets(
  db: Db,
  outlets: readonly AnySource[],
  describe: Describe,
): Promise<readonly Outlet[]> {
  const found = await resolve(db, outlets, describe);
  return outlets.map((outlet) => {
    if (!isAssetRef(outlet)) return outlet;
    const active = found.get(outlet);
    if (active === undefined) throw unresolved(outlet);
    return { reference: outlet, asset: active };
  });
}

/** The assets among the inlets of one try; a reference that stands for nothing has nothing to read. */
export async function resolveInlets(
  db: Db,
  inlets: readonly AnySource[],
  describe: Describe,
): Promise<readonly Exclude<AnySource, AssetByReference>[]> {
  const found = await resolve(db, inlets, describe);
  return inlets.flatMap((inlet) => (isAssetRef(inlet) ? (found.get(inlet) ?? []) : [inlet]));
}

async function resolve(
  db: Db,
  sources: readonly AnySource[],
  describe: Describe,
): Promise<ReadonlyMap<AssetByReference, AnyAsset>> {
  const references = sources.filter(isAssetRef);
  if (references.length === 0) return new Map();
  const active = await findActive(db, references);
  return new Map(
    references.flatMap((reference) => {
      const found = active.find(({ name, uri }) => reference.name === (reference.by === 'uri' ? uri : name));
      return found === undefined ? [] : [[reference, describe(asset(found))] as const];
    }),
  );
}

function unresolved({ by, name, place }: AssetByReference): TidegateError {
  return new TidegateError(
    'unknown_asset',
    `outlet assetRef({ ${by}: '${name}' }) (${place}) stands for no active asset: declare it, or write asset('…') instead`,
  );
}
