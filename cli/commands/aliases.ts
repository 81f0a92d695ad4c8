import { AssetAlias, AssetAliasCollection, AssetTemplateCollection } from '../../api/contract/aliases.ts';
import { type AssetOptions, requireOne } from '../asset-choice.ts';
import { pathOf } from '../api-client.ts';
import { CommandFailure, invalid } from '../command-failure.ts';
import { exitStatus } from '../exit-status.ts';
import type { PageOptions } from '../paging.ts';
import { type Cell, pageNote, type Report } from '../report.ts';
import type { Session } from '../session.ts';

/** `tidegate assets list --alias` */
export async function listAliases(
  { api }: Session,
  { pattern, ...page }: PageOptions & { readonly pattern?: string },
): Promise<Report> {
  const json = await api.get(AssetAliasCollection, '/api/v2/assets/aliases', {
    ...page,
    name_pattern: pattern,
  });
  const columns = [
    { header: 'ID' },
    { header: 'ALIAS' },
    { header: 'GROUP' },
    { header: 'PRODUCED BY', cut: true },
    { header: 'CONSUMED BY', cut: true },
    { header: 'ASSETS' },
  ] as const;
  const rows = json.asset_aliases.map((alias): Cell[] => [
    ...[alias.id, alias.name, alias.group || null, producersOf(alias), consumersOf(alias)],
    alias.assets.length,
  ]);
  return {
    json,
    sections: [{ kind: 'table', columns, rows, empty: 'no aliases' }],
    note: pageNote(rows.length, json.total_entries),
  };
}

/** `tidegate assets list --template` */
export async function listTemplates(
  { api }: Session,
  { pattern, ...page }: PageOptions & { readonly pattern?: string },
): Promise<Report> {
  const json = await api.get(AssetTemplateCollection, '/api/v2/assets/templates', {
    ...page,
    name_pattern: pattern,
  });
  const headers = ['ID', 'TEMPLATE', 'PRODUCED BY', 'CONSUMED BY', 'INSTANCES'];
  const columns = headers.map((header) =>
    header.endsWith(' BY') ? { header, cut: true as const } : { header },
  );
  const rows = json.asset_templates.map((template): Cell[] => [
    ...[template.id, template.name, producersOf(template), consumersOf(template)],
    template.instances.length,
  ]);
  return {
    json,
    sections: [{ kind: 'table', columns, rows, empty: 'no templated assets' }],
    note: pageNote(rows.length, json.total_entries),
  };
}

/** `tidegate assets details --alias` */
export async function showAlias(session: Session, options: AssetOptions): Promise<Report> {
  const json = await findAlias(session, options);
  const facts: readonly (readonly [string, Cell])[] = [
    ['id', json.id],
    ['name', json.name],
    ['group', json.group || null],
    ['produced by', producersOf(json)],
    ['consumed by', consumersOf(json)],
  ];
  const rows = json.assets.map(({ id, name, uri }): Cell[] => [id, name, uri]);
  const columns = [{ header: 'ID' }, { header: 'ASSET' }, { header: 'URI' }];
  return {
    json,
    sections: [
      { kind: 'facts', facts },
      { kind: 'table', title: 'came through it', columns, rows, empty: 'no assets' },
    ],
  };
}

async function findAlias({ api }: Session, options: AssetOptions): Promise<AssetAlias> {
  requireOne(options);
  const { name, id } = options;
  if (options.uri !== undefined) throw invalid('an alias has no URI: use --name or --id');
  if (id !== undefined) return api.get(AssetAlias, pathOf`/api/v2/assets/aliases/${id}`);
  const { asset_aliases } = await api.get(AssetAliasCollection, '/api/v2/assets/aliases', {
    name_prefix_pattern: name,
    // What has exactly this name stands before what only begins with it.
    order_by: 'name',
    limit: 1,
  });
  const alias = asset_aliases.find((each) => each.name === name);
  if (alias !== undefined) return alias;
  throw new CommandFailure(
    exitStatus.failed,
    `no alias has the name ${JSON.stringify(name)}: \`tidegate assets list --alias\` shows all`,
  );
}

function producersOf({ producing_tasks }: Pick<AssetAlias, 'producing_tasks'>): string | null {
  return producing_tasks.map(({ dag_id, task_id }) => `${dag_id}.${task_id}`).join(', ') || null;
}

function consumersOf({ scheduled_dags }: Pick<AssetAlias, 'scheduled_dags'>): string | null {
  return scheduled_dags.map(({ dag_id }) => dag_id).join(', ') || null;
}
