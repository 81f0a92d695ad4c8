import { z } from 'zod';
import { limitParameter, offsetParameter, orderBy, totalEntries } from './page.ts';
import { Flag, Instant, JsonObject, QueryText, TextList } from './scalars.ts';

/** A DAG that refers to an asset or alias. */
export const DagReference = z.object({ dag_id: z.string(), created_at: Instant, updated_at: Instant });
/** A task that does. */
export const TaskReference = DagReference.extend({ task_id: z.string() });

/** An asset with who produces it, who consumes it and its newest event. */
export const Asset = z
  .object({
    id: z.int(),
    name: z.string(),
    uri: z.string(),
    group: z.string(),
    extra: JsonObject,
    created_at: Instant,
    updated_at: Instant,
    /** DAGs that have it in their condition. */
    scheduled_dags: z.array(DagReference),
    /** Tasks that have it as an outlet. */
    producing_tasks: z.array(TaskReference),
    /** DAGs whose runs update it as a whole. */
    producing_dags: z.array(DagReference),
    /** Tasks that have it as an inlet. */
    consuming_tasks: z.array(TaskReference),
    /** Aliases it ever came through. */
    aliases: z.array(z.object({ id: z.int(), name: z.string(), group: z.string() })),
    watchers: z.array(z.object({ name: z.string(), trigger_id: z.int(), created_date: Instant })),
    last_asset_event: z.object({ id: z.int().nullable(), timestamp: Instant.nullable() }).nullable(),
    description: z.string(),
    tags: z.array(z.string()),
    /** People or teams to ask about it. */
    owners: z.array(z.string()),
    /** Whether a deployed project has it. */
    is_active: z.boolean(),
    /** JSON Schema that the extra of its events must meet; null accepts any object. */
    event_schema: JsonObject.nullable(),
  })
  .meta({ id: 'Asset' });
export type Asset = z.infer<typeof Asset>;

/** A page of assets. */
export const AssetCollection = z
  .object({ assets: z.array(Asset), total_entries: totalEntries })
  .meta({ id: 'AssetCollection' });
export type AssetCollection = z.infer<typeof AssetCollection>;

/** Query of `GET /api/v2/assets`. */
export const AssetQuery = z.object({
  limit: limitParameter,
  offset: offsetParameter,
  order_by: orderBy(['id', 'name', 'uri', 'created_at', 'updated_at'], 'id'),
  /** Part of the name; `%` and `_` are wildcards, case does not matter. */
  name_pattern: QueryText.optional(),
  /** Beginning of the name, as it is written. */
  name_prefix_pattern: QueryText.optional(),
  uri_pattern: QueryText.optional(),
  uri_prefix_pattern: QueryText.optional(),
  /** Only assets these DAGs produce, consume or wait for. */
  dag_ids: TextList.optional(),
  only_active: Flag.default(true).meta({ type: 'boolean', default: true }),
});
