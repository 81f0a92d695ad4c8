import type { AssetRecord, AssetReference } from '../../store/asset-queries.ts';
import type { Asset } from '../contract/assets.ts';
import { toInstant, toOptionalInstant } from './instants.ts';

export function toAsset(asset: AssetRecord): Asset {
  const { last_seq, last_at } = asset;
  return {
    id: asset.id,
    name: asset.name,
    uri: asset.uri,
    group: asset.group_name,
    extra: asset.extra,
    created_at: toInstant(asset.created_at),
    updated_at: toInstant(asset.updated_at),
    scheduled_dags: asset.scheduled_dags.map(toReference),
    producing_tasks: asset.producing_tasks.map(toReference),
    producing_dags: asset.producing_dags.map(toReference),
    consuming_tasks: asset.consuming_tasks.map(toReference),
    aliases: [...asset.aliases],
    watchers: [],
    last_asset_event: last_seq === null ? null : { id: last_seq, timestamp: toOptionalInstant(last_at) },
    description: asset.description,
    tags: [...asset.tags],
    owners: [...asset.owners],
    is_active: asset.is_active,
    event_schema: asset.event_schema,
  };
}

export function toReference<Reference extends AssetReference>(reference: Reference): Reference {
  const { created_at, updated_at } = reference;
  return { ...reference, created_at: toInstant(created_at), updated_at: toInstant(updated_at) };
}
