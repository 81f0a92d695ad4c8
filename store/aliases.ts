import { sql } from 'kysely';
import type { AliasPlan } from '../core/project-plan.ts';
import type { Tx } from './log.ts';

/** Brings the aliases of a project up to date; those it no longer has stay, with what came through them. */
export async function syncAliases(tx: Tx, aliases: readonly AliasPlan[]): Promise<void> {
  await sql`
    insert into asset_alias (name, group_name)
    select * from unnest(${aliases.map(({ name }) => name)}::text[], ${aliases.map(({ group }) => group)}::text[])
    on conflict (name) do update set group_name = excluded.group_name, updated_at = clock()`.execute(tx);
}
