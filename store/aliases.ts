import { sql } from 'kysely';
import type { AliasPlan } from '../core/project-plan.ts';
import type { Tx } from './log.ts';

/**
 * Brings the aliases of a project up to date; those it no longer has stay, with what came through them.
 * @returns the id of each of them
 */
export async function syncAliases(tx: Tx, aliases: readonly AliasPlan[]): Promise<(name: string) => number> {
  const { rows } = await sql<{ readonly id: number; readonly name: string }>`
    insert into asset_alias (name, group_name)
    select * from unnest(${aliases.map(({ name }) => name)}::text[], ${aliases.map(({ group }) => group)}::text[])
    on conflict (name) do update set group_name = excluded.group_name, updated_at = clock()
    returning id, name`.execute(tx);
  const ids = new Map(rows.map(({ id, name }) => [name, id]));
  return (name) => {
    const id = ids.get(name);
    if (id === undefined) throw new Error(`alias ${name} is not part of the project`);
    return id;
  };
}
