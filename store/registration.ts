import { sql } from 'kysely';
import { assetKey, type AssetRef } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { type DagId, quote } from '../core/ids.ts';
import type { AssetPlan } from '../core/project-plan.ts';
import { clashOf } from './asset-clash.ts';
import { assetRows } from './asset-rows.ts';
import { readCatalog } from './catalog.ts';
import { findMoved, type HashOf } from './changes.ts';
import type { Db } from './database.ts';
import { lockDeploys } from './deploy-lock.ts';
import type { Tx } from './log.ts';
import { writeChanges } from './write-changes.ts';

/** An asset that was updated through aliases, which nobody may have declared. */
export interface PassingAsset {
  readonly asset: AssetPlan;
  /** Names of the aliases. */
  readonly aliases: readonly string[];
}

/** What assets and aliases are stored by. */
export interface PassageIds {
  asset(asset: AssetRef): number;
  alias(name: string): number;
  /** DAGs that are about other assets now. */
  readonly changed: readonly DagId[];
}

/**
 * Finds assets and aliases, and registers what is not there: assets that are not active, and that they were updated through the aliases,
 * which stays so for ever. DAGs that refer to such an asset, or select it, get a new version.
 * @throws TidegateError `invalid_definition` when the name or the URI of an asset belongs to another active one
 * @throws Error when an alias was never deployed
 */
export async function registerPassages(
  db: Db,
  passing: readonly PassingAsset[],
  hashOf: HashOf,
): Promise<PassageIds> {
  if (passing.length === 0) return idsOf([]);
  const found = await findPassages(db, passing);
  if (found.every(({ is_known }) => is_known)) return idsOf(found);
  return db.transaction().execute(async (tx) => {
    await lockDeploys(tx);
    await requireRoom(
      tx,
      passing.map(({ asset }) => asset),
    );
    await activate(
      tx,
      passing.map(({ asset }) => asset),
    );
    const now = await findPassages(tx, passing);
    await link(tx, now);
    const moved = await findMoved(tx, () => readCatalog(tx), hashOf);
    await writeChanges(tx, moved);
    return idsOf(
      now,
      moved.map(({ dagId }) => dagId),
    );
  });
}

interface Passage extends AssetRef {
  readonly asset_id: number | null;
  readonly alias: string;
  readonly alias_id: number | null;
  /** Whether nothing is to be written for it. */
  readonly is_known: boolean;
}

async function findPassages(db: Db | Tx, passing: readonly PassingAsset[]): Promise<readonly Passage[]> {
  const pairs = passing.flatMap(({ asset, aliases }) => aliases.map((alias) => ({ ...asset, alias })));
  const { rows } = await sql<Passage>`
    select p.name, p.uri, a.id as asset_id, p.alias, l.id as alias_id, coalesce(a.is_active, false) and exists (
      select from asset_alias_asset link where link.alias_id = l.id and link.asset_id = a.id
    ) as is_known
    from unnest(
      ${pairs.map(({ name }) => name)}::text[], ${pairs.map(({ uri }) => uri)}::text[], ${pairs.map(({ alias }) => alias)}::text[]
    ) as p (name, uri, alias)
    left join asset_alias l on l.name = p.alias left join asset a on a.name = p.name and a.uri = p.uri`.execute(
    db,
  );
  const missing = rows.find(({ alias_id }) => alias_id === null);
  if (missing !== undefined)
    throw new Error(`alias ${missing.alias} was never deployed: run 'tidegate deploy'`);
  return rows;
}

async function requireRoom(tx: Tx, assets: readonly AssetRef[]): Promise<void> {
  const active = await tx
    .selectFrom('asset')
    .select(['name', 'uri'])
    .where('is_active', '=', true)
    .where((where) =>
      where.or([
        where(
          'name',
          'in',
          assets.map(({ name }) => name),
        ),
        where(
          'uri',
          'in',
          assets.map(({ uri }) => uri),
        ),
      ]),
    )
    .execute();
  const byName = new Map(active.map((asset) => [asset.name, asset]));
  const byUri = new Map(active.map((asset) => [asset.uri, asset]));
  for (const asset of assets) {
    const others = [byName.get(asset.name), byUri.get(asset.uri)].filter((other) => other !== undefined);
    const reason = clashOf(asset, others);
    if (reason !== undefined) throw cannotRegister(asset, reason);
    byName.set(asset.name, asset);
    byUri.set(asset.uri, asset);
  }
}

/** What an author is told of an asset that cannot be registered. */
export function cannotRegister({ name }: AssetRef, reason: string): TidegateError {
  return new TidegateError('invalid_definition', `asset ${quote(name)} cannot be registered: ${reason}`);
}

/** Writes assets that were never there, and brings back what a project had and lost; what it says of one that is active stays. */
async function activate(tx: Tx, assets: readonly AssetPlan[]): Promise<void> {
  await sql`
    insert into asset ${assetRows(assets)}
    on conflict (name, uri) do update set is_active = true, updated_at = clock() where not asset.is_active`.execute(
    tx,
  );
}

async function link(tx: Tx, passages: readonly Passage[]): Promise<void> {
  await sql`
    insert into asset_alias_asset (alias_id, asset_id)
    select * from unnest(
      ${passages.map(({ alias_id }) => alias_id)}::int[], ${passages.map(({ asset_id }) => asset_id)}::int[]
    )
    on conflict do nothing`.execute(tx);
}

function idsOf(passages: readonly Passage[], changed: readonly DagId[] = []): PassageIds {
  const assets = new Map(passages.map(({ asset_id, ...asset }) => [assetKey(asset), asset_id]));
  const aliases = new Map(passages.map(({ alias, alias_id }) => [alias, alias_id]));
  return {
    asset: (asset) => known(assets.get(assetKey(asset)), asset.name),
    alias: (name) => known(aliases.get(name), name),
    changed,
  };
}

function known(id: number | null | undefined, name: string): number {
  if (id === null || id === undefined) throw new Error(`${name} was not registered`);
  return id;
}
