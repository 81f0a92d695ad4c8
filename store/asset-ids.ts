import { assetKey, type AssetRef } from '../core/asset-uri.ts';
import type { Db } from './database.ts';

/** Ids of assets by their pair of name and URI. A pair keeps its id for ever, so what was found once is remembered. */
export class AssetIds {
  readonly #db: Db;
  readonly #known = new Map<string, number>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** @throws Error when one of them was never deployed */
  async find(assets: readonly AssetRef[]): Promise<(asset: AssetRef) => number> {
    const unknown = assets.filter((asset) => !this.#known.has(assetKey(asset)));
    if (unknown.length > 0) {
      const names = unknown.map(({ name }) => name);
      const rows = await this.#db
        .selectFrom('asset')
        .select(['id', 'name', 'uri'])
        .where('name', 'in', names)
        .execute();
      for (const { id, ...asset } of rows) this.#known.set(assetKey(asset), id);
    }
    return (asset) => {
      const id = this.#known.get(assetKey(asset));
      if (id === undefined) throw new Error(`asset ${asset.name} was never deployed: run 'tidegate deploy'`);
      return id;
    };
  }
}
