import { Router } from 'express';
import type { z } from 'zod';
import { type AssetUri, parseAssetUri } from '../../core/asset-uri.ts';
import { findDag } from '../../store/dag-queries.ts';
import { listQueued, type QueuedRecord, type QueueFilter } from '../../store/queued-events.ts';
import { AssetLookup } from '../asset-lookup.ts';
import { clearQueued } from '../clear-queued.ts';
import {
  type ClearedQueuedEventsHeaders,
  ClearQueuedEventsQuery,
  type QueuedEvent,
  QueuedEventQuery,
} from '../contract/queued-events.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { assetIdOf, dagIdOf, possibleDagIdOf, queryOf, unknownDag } from '../request.ts';
import { toQueuedEvent, toQueuedEventOfUri } from '../wire/queued-events.ts';

/** How paths name an asset, and what their answers look like. */
interface Spelling {
  readonly ofAsset: string;
  readonly ofDag: string;
  readonly ofBoth: string;
  readonly assetOf: (params: Params) => { readonly assetId: number } | { readonly uri: AssetUri };
  readonly toEntry: (record: QueuedRecord) => QueuedEvent;
}

type Params = Readonly<Partial<Record<'dag_id' | 'asset_id' | 'uri', string>>>;

const spellings: readonly Spelling[] = [
  // The older one first: in `queuedEvent/…` nothing stands for an id.
  {
    ofAsset: '/assets/queuedEvent/:uri',
    ofDag: '/dags/:dag_id/assets/queuedEvent',
    ofBoth: '/dags/:dag_id/assets/queuedEvent/:uri',
    assetOf: ({ uri = '' }) => ({ uri: parseAssetUri(uri) }),
    toEntry: toQueuedEventOfUri,
  },
  {
    ofAsset: '/assets/:asset_id/queuedEvents',
    ofDag: '/dags/:dag_id/assets/queuedEvents',
    ofBoth: '/dags/:dag_id/assets/:asset_id/queuedEvents',
    assetOf: ({ asset_id = '' }) => ({ assetId: assetIdOf(asset_id) }),
    toEntry: toQueuedEvent,
  },
];

export function queuedEventRoutes(deps: ApiDeps): Router {
  const router = Router();
  const assets = new AssetLookup(deps);
  const ofDag = ({ dag_id = '' }: Params) => ({ dagId: dagIdOf(dag_id) });

  /** Why there was nothing. @throws TidegateError where the DAG or the asset itself is not there */
  const nothing = async ({ dagId, assetId, uri, before }: QueueFilter): Promise<HttpProblem> => {
    if (dagId !== undefined && (await findDag(deps.db, dagId)) === undefined) throw unknownDag(dagId);
    if (assetId !== undefined) await assets.findAll([{ kind: 'id', id: assetId }]);
    if (uri !== undefined) await assets.findAll([{ kind: 'uri', uri }]);
    return nothingQueued({ dagId, assetId, uri, before });
  };

  for (const { ofAsset, ofDag: ofDagPath, ofBoth, assetOf, toEntry } of spellings) {
    const listed = (records: readonly QueuedRecord[]) => ({
      queued_events: records.map(toEntry),
      total_entries: records.length,
    });

    router.get(ofAsset, async (request, response) => {
      const { before } = queryOf(QueuedEventQuery, request);
      response.json(listed(await listQueued(deps.db, { ...assetOf(request.params), before })));
    });

    router.get(ofDagPath, async (request, response) => {
      const { before } = queryOf(QueuedEventQuery, request);
      const { dag_id = '' }: Params = request.params;
      const dagId = possibleDagIdOf(dag_id);
      response.json(listed(dagId === undefined ? [] : await listQueued(deps.db, { dagId, before })));
    });

    router.get(ofBoth, async (request, response) => {
      const { before } = queryOf(QueuedEventQuery, request);
      const filter = { ...ofDag(request.params), ...assetOf(request.params), before };
      const [record] = await listQueued(deps.db, filter);
      if (record === undefined) throw await nothing(filter);
      response.json(toEntry(record));
    });

    for (const [path, scopeOf] of [
      [ofAsset, assetOf],
      [ofDagPath, ofDag],
      [ofBoth, (params: Params) => ({ ...ofDag(params), ...assetOf(params) })],
    ] as const) {
      router.delete(path, async (request, response) => {
        const { before, who } = queryOf(ClearQueuedEventsQuery, request);
        const filter = { ...scopeOf(request.params), before };
        const cleared = await clearQueued(deps, filter, who);
        if (cleared === 0) throw await nothing(filter);
        response
          .set({ 'tidegate-cleared-events': `${cleared}` } satisfies z.input<
            typeof ClearedQueuedEventsHeaders
          >)
          .status(204)
          .end();
      });
    }
  }

  return router;
}

function nothingQueued({ dagId, assetId, uri, before }: QueueFilter): HttpProblem {
  const words = [
    ...(dagId === undefined ? [] : [`for DAG ${dagId}`]),
    ...(assetId === undefined ? [] : [`from asset ${assetId}`]),
    ...(uri === undefined ? [] : [`from ${uri}`]),
    ...(before === undefined ? [] : [`from before ${new Date(before).toISOString()}`]),
  ];
  const path = dagId === undefined ? '/api/v2/dags/{dag_id}/gate' : `/api/v2/dags/${dagId}/gate`;
  return new HttpProblem(
    404,
    'nothing_queued',
    `nothing is queued ${words.join(' ')}: GET ${path} shows what is`,
  );
}
