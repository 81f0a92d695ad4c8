import type { Command } from 'commander';
import { AssetEvent, AssetEventCollection } from '../../api/contract/asset-events.ts';
import type { JsonObject } from '../../core/json.ts';
import { jsonObject } from '../arguments.ts';
import { type AssetOptions, choosesAsset, findAsset, requireOne } from '../asset-choice.ts';
import { paged, type PageOptions } from '../paging.ts';
import { type Cell, type Column, instant, pageNote, type Report } from '../report.ts';
import type { Run, Session } from '../session.ts';

/** `tidegate events …` */
export function addEventCommands(program: Command, run: Run): void {
  const events = program.command('events').description('asset events: record, list');
  choosesAsset(events.command('create').description('record that an asset was updated'))
    .option(
      '-e, --extra <json>',
      "what to say with it, a JSON object that meets the asset's schema",
      jsonObject,
    )
    .option('--partition-key <key>', 'the partition that was updated')
    .option('--idempotency-key <key>', 'a second request with this key is answered with the first event')
    .action((options: CreateOptions) => run((session) => createEvent(session, options)));
  paged(choosesAsset(events.command('list').description('list asset events, newest first')))
    .option('--dag <dag>', 'only events this DAG created')
    .option('--run <run>', 'only events this run created')
    .action((options: ListOptions) => run((session) => listEvents(session, options)));
}

/** A table of events that a caller may give a title. */
export interface EventTable {
  readonly kind: 'table';
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  readonly empty: string;
}

export function eventTable(events: readonly AssetEvent[]): EventTable {
  const columns = [
    { header: 'EVENT' },
    { header: 'ASSET' },
    { header: 'RECORDED' },
    { header: 'CREATED BY', cut: true },
    { header: 'CONSUMED BY', cut: true },
    { header: 'EXTRA', cut: true },
  ] as const;
  const rows = events.map((event): Cell[] => [
    ...[event.id, titleOf(event), instant(event.timestamp), sourceOf(event)],
    event.created_dagruns.map(({ dag_id, run_id }) => `${dag_id}/${run_id}`).join(', ') || null,
    JSON.stringify(event.extra),
  ]);
  return { kind: 'table', columns, rows, empty: 'no events' };
}

/** The asset, and which partition of it. */
function titleOf({ name, partition_key: key }: AssetEvent): string {
  return key === null ? name : `${name} (${key})`;
}

interface CreateOptions extends AssetOptions {
  readonly extra?: JsonObject;
  readonly partitionKey?: string;
  readonly idempotencyKey?: string;
}

async function createEvent({ api }: Session, options: CreateOptions): Promise<Report> {
  requireOne(options);
  const json = await api.send('POST', AssetEvent, '/api/v2/assets/events', {
    asset_id: options.id,
    name: options.name,
    uri: options.uri,
    extra: options.extra,
    partition_key: options.partitionKey,
    idempotency_key: options.idempotencyKey,
  });
  const facts: readonly (readonly [string, Cell])[] = [
    ['event', json.id],
    ['asset', json.uri],
    ['recorded', instant(json.timestamp)],
    ...(json.partition_key === null ? [] : [['partition', json.partition_key] as const]),
    ['extra', JSON.stringify(json.extra)],
  ];
  return { json, sections: [{ kind: 'facts', facts }] };
}

interface ListOptions extends AssetOptions, PageOptions {
  readonly dag?: string;
  readonly run?: string;
}

async function listEvents({ api }: Session, options: ListOptions): Promise<Report> {
  const { name, uri, id, dag, run, limit, offset } = options;
  const isOfAll = name === undefined && uri === undefined && id === undefined;
  const json = await api.get(AssetEventCollection, '/api/v2/assets/events', {
    asset_id: isOfAll ? undefined : (await findAsset(api, options)).id,
    source_dag_id: dag,
    source_run_id: run,
    order_by: '-id',
    limit,
    offset,
  });
  return {
    json,
    sections: [eventTable(json.asset_events)],
    note: pageNote(json.asset_events.length, json.total_entries),
  };
}

function sourceOf({ source_dag_id, source_run_id, source_task_id }: AssetEvent): string | null {
  if (source_dag_id === null) return null;
  return `${source_dag_id}${source_task_id === null ? '' : `.${source_task_id}`} ${source_run_id}`;
}
