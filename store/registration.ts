import { sql } from 'kysely';
import { assetKey, type AssetRef } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { type DagId, quote } from '../core/ids.ts';
import type { AssetPlan } from '../core/project-plan.ts';
import type { PassageSource } from '../core/source.ts';
import { clashOf } from './asset-clash.ts';
import { assetRows } from './asset-rows.ts';
import { readCatalog } from './catalog.ts';
import { findMoved, type HashOf } from './changes.ts';
import type { Db } from './database.ts';
import { lockDeploys } from './deploy-lock.ts';
import type { Tx } from './log.ts';
import { writeChanges } from './write-changes.ts';

/** An asset that was updated through something, which nobody may have declared. */
export interface PassingAsset {
  readonly asset: AssetPlan;
  /** Aliases, and the template that it is an instance of. */
  readonly through: readonly PassageSource[];
}

/** What assets and aliases are stored by. */
export interface PassageIds {
  asset(asset: AssetRef): number;
  through(passage: PassageSource): number;
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
    // Of one asset there may be several updates.
    const assets = [...new Map(passing.map(({ asset }) => [assetKey(asset), asset])).values()];
    await requireRoom(tx, assets);
    await activate(tx, assets);
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
  readonly kind: PassageSource['kind'];
  readonly alias: string;
  readonly alias_id: number | null;
  /** Whether nothing is to be written for it. */
  readonly is_known: boolean;
}

async function findPassages(db: Db | Tx, passing: readonly PassingAsset[]): Promise<readonly Passage[]> {
  const pairs = passing.flatMap(({ asset: { name, uri }, through }) =>
    through.map((passage) => ({ name, uri, kind: passage.kind, alias: passage.name })),
  );
  const { rows } = await sql<Passage>`
    select p.name, p.uri, a.id as asset_id, p.kind, p.alias, l.id as alias_id, coalesce(a.is_active, false) and exists (
      select from asset_alias_asset link where link.alias_id = l.id and link.asset_id = a.id
    ) as is_known
    from unnest(
      ${pairs.map(({ name }) => name)}::text[], ${pairs.map(({ uri }) => uri)}::text[],
      ${pairs.map(({ kind }) => kind)}::text[], ${pairs.map(({ alias }) => alias)}::text[]
    ) as p (name, uri, kind, alias)
    left join asset_alias l on l.kind = p.kind and l.name = p.alias left join asset a on a.name = p.name and a.uri = p.uri`.execute(
    db,
  );
  const missing = rows.find(({ alias_id }) => alias_id === null);
  if (missing !== undefined)
    throw new Error(`${missing.kind} ${missing.alias} was never deployed: run 'tidegate deploy'`);
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
  const assets = new Map(passages.map(({ asset_id, name, uri }) => [assetKey({ name, uri }), asset_id]));
  const aliases = new Map(passages.map(({ kind, alias, alias_id }) => [`${kind} ${alias}`, alias_id]));
  return {
    asset: (asset) => known(assets.get(assetKey(asset)), asset.name),
    through: ({ kind, name }) => known(aliases.get(`${kind} ${name}`), name),
    changed,
  };
}

function known(id: number | null | undefined, name: string): number {
  if (id === null || id === undefined) throw new Error(`${name} was not registered`);
  return id;
}
