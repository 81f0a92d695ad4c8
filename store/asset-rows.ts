import { sql } from 'kysely';
import type { AssetPlan } from '../core/project-plan.ts';

/** Assets as rows to be inserted: the columns, and a query that has them. */
export function assetRows(assets: readonly AssetPlan[]) {
  const columns = sql`name, uri, group_name, tags, description, owners, extra, event_schema`;
  const json = (valueOf: (asset: AssetPlan) => unknown) =>
    assets.map((asset) => JSON.stringify(valueOf(asset)));
  return sql`(${columns})
    select name, uri, group_name, tags::jsonb, description, owners::jsonb, extra::jsonb, event_schema::jsonb
    from unnest(
      ${assets.map(({ name }) => name)}::text[], ${assets.map(({ uri }) => uri)}::text[],
      ${assets.map(({ group }) => group)}::text[], ${json(({ tags }) => tags)}::text[],
      ${assets.map(({ description }) => description)}::text[],
      ${json(({ owners }) => owners)}::text[], ${json(({ extra }) => extra)}::text[],
      ${assets.map(({ eventSchema }) => (eventSchema === null ? null : JSON.stringify(eventSchema)))}::text[]
    ) as a ${sql`(${columns})`}`;
}
