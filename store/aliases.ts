import { sql } from 'kysely';
import type { ProjectPlan } from '../core/project-plan.ts';
import type { Tx } from './log.ts';

/** Brings the aliases and templated assets of a project up to date; those it no longer has stay, with what came through them. */
export async function syncAliases(
  tx: Tx,
  { aliases, templates }: Pick<ProjectPlan, 'aliases' | 'templates'>,
): Promise<void> {
  const rows = [
    ...aliases.map(({ name, group }) => ({ kind: 'alias', name, uri: null, group })),
    ...templates.map(({ name, uri, group }) => ({ kind: 'template', name, uri, group })),
  ];
  if (rows.length === 0) return;
  await sql`
    insert into asset_alias (kind, name, uri, group_name)
    select * from unnest(
      ${rows.map(({ kind }) => kind)}::text[], ${rows.map(({ name }) => name)}::text[],
      ${rows.map(({ uri }) => uri)}::text[], ${rows.map(({ group }) => group)}::text[]
    )
    on conflict (kind, name) do update set uri = excluded.uri, group_name = excluded.group_name, updated_at = clock()`.execute(
    tx,
  );
}
