import type { Command } from 'commander';
import { type Asset, AssetCollection } from '../../api/contract/assets.ts';
import { RequestedDagRun } from '../../api/contract/dag-runs.ts';
import { pathOf } from '../api-client.ts';
import { listOf } from '../arguments.ts';
import { type AssetOptions, choosesAsset, findAsset } from '../asset-choice.ts';
import { paged, type PageOptions } from '../paging.ts';
import { type Cell, instant, pageNote, type Report } from '../report.ts';
import { asksForRun, reportRequested, requestOf, type RunOptions } from '../run-request.ts';
import type { Run, Session } from '../session.ts';
import { listAliases, listTemplates, showAlias } from './aliases.ts';
import { addUriCommands } from './asset-uris.ts';
import { addQueuedEventCommands } from './queued-events.ts';

/** `tidegate assets …` */
export function addAssetCommands(program: Command, run: Run): void {
  const assets = program
    .command('assets')
    .description('assets: list, show, materialize, clear queues, check URIs');
  paged(assets.command('list').description('list assets with who produces and who consumes them'))
    .option('--pattern <text>', 'only names that contain this')
    .option('--dag <dag>', 'only assets this DAG produces, consumes or waits for (may be repeated)', listOf)
    .option('--inactive', 'also assets that no deployed project has')
    .option('--alias', 'aliases instead of assets')
    .option('--template', 'templated assets, with the number of their instances')
    .action(({ alias, template, ...options }: ListOptions & AliasOption & { readonly template?: true }) =>
      run((session) => {
        if (template === true) return listTemplates(session, options);
        return alias === true ? listAliases(session, options) : listAssets(session, options);
      }),
    );
  choosesAsset(assets.command('details').description('show an asset, or an alias'))
    .option('--alias', 'the alias of this name or id instead of an asset')
    .action(({ alias, ...options }: AssetOptions & AliasOption) =>
      run((session) => (alias === true ? showAlias(session, options) : showAsset(session, options))),
    );
  addQueuedEventCommands(assets, run);
  addUriCommands(assets, run);
  asksForRun(
    choosesAsset(assets.command('materialize').description('run the one DAG that produces an asset')),
  ).action((options: AssetOptions & RunOptions) => run((session) => materialize(session, options)));
}

interface AliasOption {
  readonly alias?: true;
}

interface ListOptions extends PageOptions {
  readonly pattern?: string;
  readonly dag?: readonly string[];
  readonly inactive?: true;
}

async function listAssets(
  { api }: Session,
  { pattern, dag, inactive, ...page }: ListOptions,
): Promise<Report> {
  const json = await api.get(AssetCollection, '/api/v2/assets', {
    ...page,
    name_pattern: pattern,
    dag_ids: dag,
    only_active: inactive !== true,
  });
  const columns = [
    { header: 'ID' },
    { header: 'ASSET' },
    { header: 'PRODUCED BY', cut: true },
    { header: 'CONSUMED BY', cut: true },
    { header: 'LAST EVENT' },
  ] as const;
  const rows = json.assets.map((asset): Cell[] => [
    ...[asset.id, titleOf(asset), producersOf(asset), consumersOf(asset)],
    instant(asset.last_asset_event?.timestamp ?? null),
  ]);
  return {
    json,
    sections: [{ kind: 'table', columns, rows, empty: 'no assets' }],
    note: pageNote(rows.length, json.total_entries),
  };
}

async function showAsset({ api }: Session, options: AssetOptions): Promise<Report> {
  const json = await findAsset(api, options);
  const facts: readonly (readonly [string, Cell])[] = [
    ['id', json.id],
    ['name', json.name],
    ['uri', json.uri],
    ['group', json.group],
    ['description', json.description || null],
    ...(json.tags.length === 0 ? [] : [['tags', json.tags.join(', ')] as const]),
    ['owners', json.owners.join(', ') || null],
    ['active', json.is_active],
    ['produced by', producersOf(json)],
    ['consumed by', consumersOf(json)],
    ['read by', json.consuming_tasks.map(taskText).join(', ') || null],
    ...throughAliases(json),
    ['last event', json.last_asset_event?.id ?? null],
    ['last updated', instant(json.last_asset_event?.timestamp ?? null)],
    ['extra', JSON.stringify(json.extra)],
    ['event schema', json.event_schema === null ? null : JSON.stringify(json.event_schema)],
  ];
  return { json, sections: [{ kind: 'facts', facts }] };
}

async function materialize(session: Session, options: AssetOptions & RunOptions): Promise<Report> {
  const { id } = await findAsset(session.api, options);
  const path = pathOf`/api/v2/assets/${id}/materialize`;
  const run = await session.api.send('POST', RequestedDagRun, path, requestOf(options));
  return reportRequested(session, run, options);
}

/** Said of assets that came through aliases only: most never do. */
function throughAliases({ aliases }: Asset): readonly (readonly [string, Cell])[] {
  if (aliases.length === 0) return [];
  return [['came through', aliases.map(({ name }) => `alias ${name}`).join(', ')]];
}

function titleOf({ name, uri }: Asset): string {
  return name === uri ? uri : `${name} <${uri}>`;
}

function producersOf({ producing_tasks, producing_dags }: Asset): string | null {
  return [...producing_dags.map(({ dag_id }) => dag_id), ...producing_tasks.map(taskText)].join(', ') || null;
}

function consumersOf({ scheduled_dags }: Asset): string | null {
  return scheduled_dags.map(({ dag_id }) => dag_id).join(', ') || null;
}

function taskText({ dag_id, task_id }: { readonly dag_id: string; readonly task_id: string }): string {
  return `${dag_id}.${task_id}`;
}
