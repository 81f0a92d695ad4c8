import { type RawBuilder, sql } from 'kysely';
import type { Seq } from '../core/asset-event.ts';
import type { AssetUri } from '../core/asset-uri.ts';
import type { DagId, TaskId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { Db } from './database.ts';
import { inLogOrder, isOfAsset } from './events-of-asset.ts';
import { allOf, contains, countFrom, given, type OrderedPage, pageOf, startsWith } from './page.ts';
import type { AssetRow } from './schema.ts';

/** A DAG or task that refers to an asset; times are ISO 8601 as JSON has them. */
export interface AssetReference {
  readonly dag_id: DagId;
  readonly created_at: string;
  readonly updated_at: string;
}

/** An asset with everything that refers to it. */
export interface AssetRecord extends AssetRow {
  readonly scheduled_dags: readonly AssetReference[];
  readonly producing_tasks: readonly (AssetReference & { readonly task_id: TaskId })[];
  /** DAGs whose runs update it as a whole. */
  readonly producing_dags: readonly AssetReference[];
  readonly consuming_tasks: readonly (AssetReference & { readonly task_id: TaskId })[];
  /** Aliases it ever came through. */
  readonly aliases: readonly { readonly id: number; readonly name: string; readonly group: string }[];
  readonly last_seq: Seq | null;
  readonly last_at: Date | null;
}

export interface AssetFilter {
  readonly namePattern?: string | undefined;
  readonly namePrefix?: string | undefined;
  readonly uriPattern?: string | undefined;
  readonly uriPrefix?: string | undefined;
  readonly dagIds?: readonly string[] | undefined;
  readonly onlyActive?: boolean | undefined;
}

const columns = {
  id: 'a.id',
  name: 'a.name',
  uri: 'a.uri',
  created_at: 'a.created_at',
  updated_at: 'a.updated_at',
} as const;

export async function listAssets(
  db: Db,
  filter: AssetFilter,
  page: OrderedPage<keyof typeof columns>,
): Promise<readonly AssetRecord[]> {
  const { rows } = await sql<AssetRecord>`
    ${selected} where ${matching(filter)} ${pageOf(columns, page, 'a.id')}`.execute(db);
  return rows;
}

export async function countAssets(db: Db, filter: AssetFilter): Promise<number> {
  return countFrom(db, sql`asset a where ${matching(filter)}`);
}

export async function findAsset(db: Db, id: number): Promise<AssetRecord | undefined> {
  const { rows } = await sql<AssetRecord>`${selected} where a.id = ${id}`.execute(db);
  return rows[0];
}

/** DAGs that have the asset as an outlet, of a task or as a whole. */
export async function findProducers(db: Db, assetId: number): Promise<readonly DagId[]> {
  const rows = await db
    .selectFrom('dag_task')
    .select('dag_id')
    .where('asset_id', '=', assetId)
    .where('role', '=', 'outlet')
    .union(db.selectFrom('dag_outlet').select('dag_id').where('asset_id', '=', assetId))
    .orderBy('dag_id')
    .execute();
  return rows.map(({ dag_id }) => dag_id);
}

/** What recording an event needs to know of its asset. */
export interface TargetAsset {
  readonly id: number;
  readonly name: string;
  readonly uri: AssetUri;
  readonly group_name: string;
  readonly event_schema: JsonObject | null;
  readonly is_active: boolean;
}

/** Names of assets in three ways. */
export interface AssetNames {
  readonly ids: readonly number[];
  readonly names: readonly string[];
  readonly uris: readonly string[];
}

/** The assets named; by id also inactive ones, by name and URI the active one. */
export async function findTargets(db: Db, { ids, names, uris }: AssetNames): Promise<readonly TargetAsset[]> {
  const { rows } = await sql<TargetAsset>`
    select id, name, uri, group_name, event_schema, is_active from asset
    where id = any(${ids}::int[]) or (is_active and (name = any(${names}::text[]) or uri = any(${uris}::text[])))`.execute(
    db,
  );
  return rows;
}

/** Whether asset `a` has a text in its name or URI. */
export function isNamedLike(text: string): RawBuilder<boolean> {
  return sql`(${contains('a.name', text)} or ${contains('a.uri', text)})`;
}

const selected = sql`
  select a.*, (
    select coalesce(json_agg(json_build_object('id', l.id, 'name', l.name, 'group', l.group_name) order by l.name), '[]')
    from asset_alias_asset link join asset_alias l on l.id = link.alias_id where link.asset_id = a.id and l.kind = 'alias'
  ) as aliases, last.seq as last_seq, last.recorded_at as last_at, (
    select coalesce(json_agg(json_build_object('dag_id', d.dag_id, 'created_at', d.created_at, 'updated_at', d.updated_at)
      order by d.dag_id), '[]')
    from subscription s join dag d on d.dag_id = s.dag_id where s.asset_id = a.id and s.until_seq is null
  ) as scheduled_dags, (
    select coalesce(json_agg(json_build_object('dag_id', d.dag_id, 'created_at', d.created_at, 'updated_at', d.updated_at)
      order by d.dag_id), '[]')
    from dag_outlet o join dag d on d.dag_id = o.dag_id where o.asset_id = a.id
  ) as producing_dags, ${tasksWith('outlet')} as producing_tasks, ${tasksWith('inlet')} as consuming_tasks
  from asset a left join lateral (
    select e.seq, e.recorded_at from asset_event e
    where ${isOfAsset(sql`a.id`)} ${inLogOrder({ newestFirst: true })} limit 1
  ) last on true`;

function tasksWith(role: 'outlet' | 'inlet') {
  return sql`(
    select coalesce(json_agg(json_build_object('dag_id', d.dag_id, 'task_id', t.task_id,
      'created_at', d.created_at, 'updated_at', d.updated_at) order by d.dag_id, t.task_id), '[]')
    from dag_task t join dag d on d.dag_id = t.dag_id where t.asset_id = a.id and t.role = ${role}
  )`;
}

function matching(filter: AssetFilter) {
  return allOf([
    contains('a.name', filter.namePattern),
    startsWith('a.name', filter.namePrefix),
    contains('a.uri', filter.uriPattern),
    startsWith('a.uri', filter.uriPrefix),
    filter.onlyActive === true ? sql<boolean>`a.is_active` : undefined,
    given(
      filter.dagIds,
      (dagIds) => sql<boolean>`(
        exists (select from dag_task t where t.asset_id = a.id and t.dag_id = any(${dagIds}::text[])) or
        exists (select from dag_outlet o where o.asset_id = a.id and o.dag_id = any(${dagIds}::text[])) or exists (
          select from subscription s where s.asset_id = a.id and s.until_seq is null and s.dag_id = any(${dagIds}::text[])
        )
      )`,
    ),
  ]);
}
