import type { Command } from 'commander';
import type { Asset } from '../../api/contract/assets.ts';
import {
  ClearedQueuedEventsHeaders,
  QueuedEvent,
  QueuedEventCollection,
  QueuedEventOfUriCollection,
} from '../../api/contract/queued-events.ts';
import { pathOf } from '../api-client.ts';
import { type AssetOptions, choosesAsset, findAsset } from '../asset-choice.ts';
import { invalid } from '../command-failure.ts';
import { type Cell, instant, type Report } from '../report.ts';
import type { Run, Session } from '../session.ts';
import { userOf } from '../user.ts';

/** `tidegate assets queued-events …` and `clear-queued-events …` */
export function addQueuedEventCommands(assets: Command, run: Run): void {
  choosesQueue(
    assets.command('queued-events').description('list what is queued: of an asset, of a DAG, or of both'),
  )
    .option('--before <time>', 'only where the oldest event is older; ISO 8601 with offset')
    .action((options: QueueOptions) => run((session) => listQueued(session, options)));
  choosesQueue(
    assets
      .command('clear-queued-events')
      .description('clear what is queued: of an asset, of a DAG, or of both'),
  )
    .option('--before <time>', 'only events that are older; ISO 8601 with offset')
    .option('--who <name>', 'kept with what was cleared; your user name when missing')
    .action((options: ClearOptions) => run((session) => clearQueued(session, options)));
}

interface QueueOptions extends AssetOptions {
  readonly dag?: string;
  readonly before?: string;
}

interface ClearOptions extends QueueOptions {
  readonly who?: string;
}

function choosesQueue(command: Command): Command {
  return choosesAsset(command).option('--dag <dag>', 'only what is queued for this DAG');
}

/** What the options name. @throws CommandFailure when they name nothing, as nobody means every queue there is */
async function findQueue({ api }: Session, options: QueueOptions) {
  const { name, uri, id, dag } = options;
  const isOfAny = name === undefined && uri === undefined && id === undefined;
  if (isOfAny && dag === undefined)
    throw invalid('an asset (--name, --uri or --id), --dag, or both are expected');
  return { asset: isOfAny ? undefined : await findAsset(api, options), dag };
}

async function listQueued(session: Session, options: QueueOptions): Promise<Report> {
  const { api } = session;
  const { before } = options;
  const { asset, dag } = await findQueue(session, options);
  if (asset !== undefined && dag !== undefined) {
    const json = await api.get(QueuedEvent, pathOfBoth(dag, asset), { before });
    return reportQueued(json, [{ ...json, uri: asset.uri }]);
  }
  if (asset !== undefined) {
    const json = await api.get(QueuedEventCollection, pathOfAsset(asset), { before });
    return reportQueued(
      json,
      json.queued_events.map((entry) => ({ ...entry, uri: asset.uri })),
    );
  }
  // The older spelling says which assets they are.
  const path = pathOf`/api/v2/dags/${dag ?? ''}/assets/queuedEvent`;
  const json = await api.get(QueuedEventOfUriCollection, path, { before });
  return reportQueued(json, json.queued_events);
}

function reportQueued(json: object, entries: readonly (QueuedEvent & { readonly uri: string })[]): Report {
  const columns = [{ header: 'DAG' }, { header: 'ASSET' }, { header: 'EVENTS' }, { header: 'SINCE' }];
  const rows = entries.map(({ dag_id, uri, alias, count, created_at }): Cell[] => [
    ...[dag_id, alias === null ? uri : `alias ${alias}`, count],
    instant(created_at),
  ]);
  return { json, sections: [{ kind: 'table', columns, rows, empty: 'nothing is queued' }] };
}

async function clearQueued(session: Session, options: ClearOptions): Promise<Report> {
  const { before, who = userOf(session.surroundings.environment) } = options;
  const { asset, dag } = await findQueue(session, options);
  const headers = await session.api.remove(pathOfQueue(asset, dag), { before, who });
  // An API of another version has cleared as well, and only says less.
  const { data } = ClearedQueuedEventsHeaders.safeParse(headers);
  const cleared = data === undefined ? null : Number(data['tidegate-cleared-events']);
  const facts: readonly (readonly [string, Cell])[] = [
    ['events', cleared],
    ['cleared of', asset?.uri ?? 'every asset'],
    ['for', dag ?? 'every DAG'],
    ['older than', before ?? 'now'],
    ['asked by', who],
  ];
  return { json: { cleared }, sections: [{ kind: 'facts', facts }] };
}

function pathOfQueue(asset: Asset | undefined, dag: string | undefined): string {
  if (asset === undefined) return pathOf`/api/v2/dags/${dag ?? ''}/assets/queuedEvents`;
  return dag === undefined ? pathOfAsset(asset) : pathOfBoth(dag, asset);
}

function pathOfAsset({ id }: Asset): string {
  return pathOf`/api/v2/assets/${id}/queuedEvents`;
}

function pathOfBoth(dag: string, { id }: Asset): string {
  return pathOf`/api/v2/dags/${dag}/assets/${id}/queuedEvents`;
}
