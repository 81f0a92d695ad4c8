import { Router } from 'express';
import { countEvents, findEvent, listEvents } from '../../store/event-queries.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import { TemplateIds } from '../../store/template-ids.ts';
import { acceptEvents } from '../accept-events.ts';
import { AssetLookup } from '../asset-lookup.ts';
import {
  type AssetEventCollection,
  AssetEventQuery,
  CreateAssetEvent,
  CreateAssetEvents,
  type CreatedAssetEvents,
} from '../contract/asset-events.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf, queryOf } from '../request.ts';
import { toAssetEvent, toRecordedEvent } from '../wire/asset-events.ts';
import { rangeOf, toInstant } from '../wire/instants.ts';

export function assetEventRoutes(deps: ApiDeps): Router {
  const router = Router();
  const targets = { assets: new AssetLookup(deps), templateIds: new TemplateIds(deps.db, deps.clock) };

  router.get('/assets/events', async (request, response) => {
    const query = queryOf(AssetEventQuery, request);
    const filter = {
      assetId: query.asset_id,
      sourceDagId: query.source_dag_id,
      sourceRunId: query.source_run_id,
      sourceTaskId: query.source_task_id,
      sourceMapIndex: query.source_map_index,
      namePattern: query.name_pattern,
      namePrefix: query.name_prefix_pattern,
      recordedAt: rangeOf(query, 'timestamp'),
    };
    const page = { limit: query.limit, offset: query.offset, orderBy: query.order_by };
    const [events, total] = await inSnapshot(
      deps.db,
      async (tx) => [await listEvents(tx, filter, page), await countEvents(tx, filter)] as const,
    );
    const asset_events = events.map(toAssetEvent);
    response.json({ asset_events, total_entries: total } satisfies AssetEventCollection);
  });

  router.post('/assets/events', async (request, response) => {
    const { idempotency_key: key, ...event } = bodyOf(CreateAssetEvent, request);
    const accepted = await acceptEvents(deps, targets, [event], { key, pathOf: () => [] });
    const before = accepted.isRepeated ? await findEvent(deps.db, accepted.firstSeq) : undefined;
    response.json(before === undefined ? toRecordedEvent(accepted) : toAssetEvent(before));
  });

  router.post('/assets/events/bulk', async (request, response) => {
    const { idempotency_key: key, events } = bodyOf(CreateAssetEvents, request);
    const accepted = await acceptEvents(deps, targets, events, { key, pathOf: (index) => ['events', index] });
    const answer: CreatedAssetEvents = {
      first_id: accepted.firstSeq,
      last_id: accepted.firstSeq + events.length - 1,
      count: events.length,
      timestamp: toInstant(accepted.at),
    };
    response.json(answer);
  });

  return router;
}
