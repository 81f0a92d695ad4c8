import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';

/** How long what was read counts as new. */
const freshForMs = 2_000;
const maxKnown = 50_000;

/** Which templated assets each asset is an instance of, as it was a moment ago: whoever waits for a template waits for all of them. */
export class TemplateIds {
  readonly #db: Db;
  readonly #clock: () => number;
  #known = new Map<number, readonly number[]>();
  #readAt = Number.NEGATIVE_INFINITY;
  #hasTemplates = false;

  constructor(db: Db, clock: () => number) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Ids of the templates of each of these assets, which `asset_alias` has. */
  async find(assetIds: readonly number[]): Promise<(assetId: number) => readonly number[]> {
    const now = this.#clock();
    if (now - this.#readAt >= freshForMs || this.#known.size > maxKnown) {
      this.#known = new Map();
      this.#hasTemplates = await this.#anyTemplate();
      this.#readAt = now;
    }
    const missing = [...new Set(assetIds)].filter((id) => !this.#known.has(id));
    if (this.#hasTemplates && missing.length > 0) {
      const found = await readTemplateIds(this.#db, missing);
      for (const id of missing) this.#known.set(id, found.get(id) ?? []);
    }
    return (id) => this.#known.get(id) ?? [];
  }

  async #anyTemplate(): Promise<boolean> {
    const { rows } = await sql<{ readonly any: boolean }>`
      select exists (select from asset_alias where kind = 'template') as any`.execute(this.#db);
    return rows[0]?.any === true;
  }
}

/** The same as it is now: ids of the templates of those assets that have any. */
export async function readTemplateIds(
  db: Db | Tx,
  assetIds: readonly number[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const { rows } = await sql<{ readonly asset_id: number; readonly templates: readonly number[] }>`
    select asset_id, array_agg(alias_id) as templates
    from asset_alias_asset link join asset_alias on asset_alias.id = link.alias_id and kind = 'template'
    where asset_id = any(${assetIds}::int[]) group by asset_id`.execute(db);
  return new Map(rows.map(({ asset_id, templates }) => [asset_id, templates]));
}
