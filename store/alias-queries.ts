import { type RawBuilder, sql } from 'kysely';
import type { AssetUri } from '../core/asset-uri.ts';
import type { TaskId } from '../core/ids.ts';
import type { AssetReference } from './asset-queries.ts';
import type { Db } from './database.ts';
import { allOf, contains, countFrom, type OrderedPage, pageOf, startsWith } from './page.ts';
import type { AliasRow, PassageKind } from './schema.ts';

/** An alias with everything that refers to it, and the assets that ever came through it. */
export interface AliasRecord extends AliasRow {
  readonly scheduled_dags: readonly AssetReference[];
  readonly producing_tasks: readonly (AssetReference & { readonly task_id: TaskId })[];
  readonly assets: readonly { readonly id: number; readonly name: string; readonly uri: AssetUri }[];
}

export interface AliasFilter {
  readonly kind: PassageKind;
  readonly name?: string | undefined;
  readonly namePattern?: string | undefined;
  readonly namePrefix?: string | undefined;
}

/** Most assets that are listed with an alias: the first by name. */
const maxAssets = 100;

const columns = { id: 'l.id', name: 'l.name' } as const;

export async function listAliases(
  db: Db,
  filter: AliasFilter,
  page: OrderedPage<keyof typeof columns>,
): Promise<readonly AliasRecord[]> {
  const { rows } = await sql<AliasRecord>`
    ${selected} where ${matching(filter)} ${pageOf(columns, page, 'l.id')}`.execute(db);
  return rows;
}

export async function countAliases(db: Db, filter: AliasFilter): Promise<number> {
  return countFrom(db, sql`asset_alias l where ${matching(filter)}`);
}

export async function findAlias(db: Db, kind: PassageKind, id: number): Promise<AliasRecord | undefined> {
  const { rows } = await sql<AliasRecord>`${selected} where l.id = ${id} and l.kind = ${kind}`.execute(db);
  return rows[0];
}

const selected = sql`
  select l.*, (
    select coalesce(json_agg(json_build_object('dag_id', d.dag_id, 'created_at', d.created_at, 'updated_at', d.updated_at)
      order by d.dag_id), '[]')
    from subscription s join dag d on d.dag_id = s.dag_id where s.alias_id = l.id and s.until_seq is null
  ) as scheduled_dags, (
    select coalesce(json_agg(json_build_object('dag_id', d.dag_id, 'task_id', t.task_id,
      'created_at', d.created_at, 'updated_at', d.updated_at) order by d.dag_id, t.task_id), '[]')
    from dag_task t join dag d on d.dag_id = t.dag_id where t.alias_id = l.id and t.role = 'outlet'
  ) as producing_tasks, (
    select coalesce(json_agg(json_build_object('id', a.id, 'name', a.name, 'uri', a.uri) order by a.name), '[]') from (
      select a.id, a.name, a.uri from asset_alias_asset link join asset a on a.id = link.asset_id
      where link.alias_id = l.id order by a.name limit ${maxAssets}
    ) a
  ) as assets
  from asset_alias l`;

function matching({ kind, name, namePattern, namePrefix }: AliasFilter): RawBuilder<boolean> {
  return allOf([
    sql<boolean>`l.kind = ${kind}`,
    name === undefined ? undefined : sql<boolean>`l.name = ${name}`,
    contains('l.name', namePattern),
    startsWith('l.name', namePrefix),
  ]);
}
