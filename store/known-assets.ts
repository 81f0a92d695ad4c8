import { sql } from 'kysely';
import type { AssetRef } from '../core/asset-uri.ts';
import { clashOf } from './asset-clash.ts';
import type { Db } from './database.ts';

/** How long what was read counts as new. */
const freshForMs = 2_000;

/** The active assets as they were a moment ago, for whoever has to know at once whether another one may be there beside them. */
export class KnownAssets {
  readonly #db: Db;
  readonly #clock: () => number;
  #readAt = Number.NEGATIVE_INFINITY;
  #byName = new Map<string, AssetRef>();
  #byUri = new Map<string, AssetRef>();
  #reading: Promise<void> | undefined;

  constructor(db: Db, clock: () => number) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Reads them again unless that was just done. */
  async refresh(): Promise<void> {
    if (this.#clock() - this.#readAt < freshForMs) return;
    // Whoever comes meanwhile waits for the same answer.
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    const now = this.#clock();
    const { rows } = await sql<AssetRef>`select name, uri from asset where is_active`.execute(this.#db);
    this.#byName = new Map(rows.map((asset) => [asset.name, asset]));
    this.#byUri = new Map(rows.map((asset) => [asset.uri, asset]));
    this.#readAt = now;
  }

  /** Why an asset cannot be registered, or nothing. */
  clashOf(asset: AssetRef): string | undefined {
    const others = [this.#byName.get(asset.name), this.#byUri.get(asset.uri)];
    return clashOf(
      asset,
      others.filter((other) => other !== undefined),
    );
  }
}
