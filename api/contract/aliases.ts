import { z } from 'zod';
import { DagReference, TaskReference } from './assets.ts';
import { limitParameter, offsetParameter, orderBy, totalEntries } from './page.ts';
import { QueryText } from './scalars.ts';

/** An alias with who updates assets through it, who waits for it, and what ever came through it. */
export const AssetAlias = z
  .object({
    id: z.int(),
    name: z.string(),
    group: z.string(),
    /** DAGs that have it in their condition. */
    scheduled_dags: z.array(DagReference),
    /** Tasks that have it as an outlet. */
    producing_tasks: z.array(TaskReference),
    /** Assets that came through it, the first 100 by name. */
    assets: z.array(z.object({ id: z.int(), name: z.string(), uri: z.string() })),
  })
  .meta({ id: 'AssetAlias' });
export type AssetAlias = z.infer<typeof AssetAlias>;

/** A page of aliases. */
export const AssetAliasCollection = z
  .object({ asset_aliases: z.array(AssetAlias), total_entries: totalEntries })
  .meta({ id: 'AssetAliasCollection' });
export type AssetAliasCollection = z.infer<typeof AssetAliasCollection>;

/** A templated asset, and the assets that it stood for in runs. */
export const AssetTemplate = AssetAlias.omit({ assets: true })
  .extend({
    /** Template of the URIs of its instances. */
    uri: z.string(),
    /** Its instances, the first 100 by name. */
    instances: z.array(z.object({ id: z.int(), name: z.string(), uri: z.string() })),
  })
  .meta({ id: 'AssetTemplate' });
export type AssetTemplate = z.infer<typeof AssetTemplate>;

/** A page of templated assets. */
export const AssetTemplateCollection = z
  .object({ asset_templates: z.array(AssetTemplate), total_entries: totalEntries })
  .meta({ id: 'AssetTemplateCollection' });
export type AssetTemplateCollection = z.infer<typeof AssetTemplateCollection>;

/** Query of `GET /api/v2/assets/aliases` and `GET /api/v2/assets/templates`. */
export const AssetAliasQuery = z.object({
  limit: limitParameter,
  offset: offsetParameter,
  order_by: orderBy(['id', 'name'], 'id'),
  /** Part of the name; `%` and `_` are wildcards, case does not matter. */
  name_pattern: QueryText.optional(),
  /** Beginning of the name, as it is written. */
  name_prefix_pattern: QueryText.optional(),
});
