import { Router } from 'express';
import { countAssets, findAsset, findProducers, listAssets } from '../../store/asset-queries.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import { acceptRun } from '../accept-run.ts';
import { type AssetCollection, AssetQuery } from '../contract/assets.ts';
import { MaterializeAsset, type RequestedDagRun } from '../contract/dag-runs.ts';
import type { ApiDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { assetIdOf, bodyOf, noProducer, queryOf, unknownAsset } from '../request.ts';
import { toAsset } from '../wire/assets.ts';
import { toDagRun } from '../wire/dag-runs.ts';

export function assetRoutes(deps: ApiDeps): Router {
  const router = Router();

  router.get('/assets', async (request, response) => {
    const query = queryOf(AssetQuery, request);
    const filter = {
      namePattern: query.name_pattern,
      namePrefix: query.name_prefix_pattern,
      uriPattern: query.uri_pattern,
      uriPrefix: query.uri_prefix_pattern,
      dagIds: query.dag_ids,
      onlyActive: query.only_active,
    };
    const page = { limit: query.limit, offset: query.offset, orderBy: query.order_by };
    const [assets, total] = await inSnapshot(
      deps.db,
      async (tx) => [await listAssets(tx, filter, page), await countAssets(tx, filter)] as const,
    );
    response.json({ assets: assets.map(toAsset), total_entries: total } satisfies AssetCollection);
  });

  router.get('/assets/:asset_id', async (request, response) => {
    const id = assetIdOf(request.params.asset_id);
    const asset = await findAsset(deps.db, id);
    if (asset === undefined) throw unknownAsset(`id ${id}`);
    response.json(toAsset(asset));
  });

  router.post('/assets/:asset_id/materialize', async (request, response) => {
    const id = assetIdOf(request.params.asset_id);
    const body = MaterializeAsset.optional();
    const run = bodyOf(body, request) ?? {};
    const asset = await findAsset(deps.db, id);
    if (asset === undefined) throw unknownAsset(`id ${id}`);
    const [dagId, ...others] = await findProducers(deps.db, id);
    if (dagId === undefined) throw noProducer(asset.name);
    if (others.length > 0) {
      const message = `asset ${asset.name} is produced by ${[dagId, ...others].join(', ')}: trigger one of these DAGs`;
      throw new HttpProblem(409, 'several_producers', message);
    }
    const accepted = await acceptRun(deps, dagId, run);
    const shown = toDagRun(accepted.run, deps, null);
    response.json({ ...shown, was_folded: accepted.wasFolded } satisfies RequestedDagRun);
  });

  return router;
}
