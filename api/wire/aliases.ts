import type { AliasRecord } from '../../store/alias-queries.ts';
import type { AssetAlias, AssetTemplate } from '../contract/aliases.ts';
import { toReference } from './assets.ts';

export function toAlias({
  id,
  name,
  group_name,
  scheduled_dags,
  producing_tasks,
  assets,
}: AliasRecord): AssetAlias {
  return {
    ...{ id, name, group: group_name },
    scheduled_dags: scheduled_dags.map(toReference),
    producing_tasks: producing_tasks.map(toReference),
    assets: [...assets],
  };
}

export function toTemplate(record: AliasRecord): AssetTemplate {
  const { assets, ...alias } = toAlias(record);
  return { ...alias, uri: record.uri ?? record.name, instances: assets };
}
