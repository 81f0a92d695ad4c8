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
  #reading: Promise<void> | undefined;

  constructor(db: Db, clock: () => number) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Ids of the templates of each of these assets, which `asset_alias` has. */
  async find(assetIds: readonly number[]): Promise<(assetId: number) => readonly number[]> {
    await this.#refresh();
    if (!this.#hasTemplates) return () => [];
    // Others may begin a new map while this one is asked for what is missing.
    const known = this.#known;
    const missing = [...new Set(assetIds)].filter((id) => !known.has(id));
    if (missing.length > 0) {
      const found = await readTemplateIds(this.#db, missing);
      for (const id of missing) known.set(id, found.get(id) ?? []);
    }
    return (id) => known.get(id) ?? [];
  }

  /** Begins anew now and then; whoever comes meanwhile waits for the same answer. */
  async #refresh(): Promise<void> {
    if (this.#clock() - this.#readAt < freshForMs && this.#known.size <= maxKnown) return;
    this.#reading ??= this.#begin().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  async #begin(): Promise<void> {
    const now = this.#clock();
    this.#hasTemplates = await this.#anyTemplate();
    this.#known = new Map();
    this.#readAt = now;
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
