import { Router } from 'express';
import { countAliases, findAlias, listAliases } from '../../store/alias-queries.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import { type AssetAliasCollection, AssetAliasQuery } from '../contract/aliases.ts';
import type { ApiDeps } from '../deps.ts';
import { assetIdOf, queryOf, unknownAlias } from '../request.ts';
import { toAlias } from '../wire/aliases.ts';

export function aliasRoutes(deps: ApiDeps): Router {
  const router = Router();

  router.get('/assets/aliases', async (request, response) => {
    const query = queryOf(AssetAliasQuery, request);
    const filter = { namePattern: query.name_pattern, namePrefix: query.name_prefix_pattern };
    const page = { limit: query.limit, offset: query.offset, orderBy: query.order_by };
    const [aliases, total] = await inSnapshot(
      deps.db,
      async (tx) => [await listAliases(tx, filter, page), await countAliases(tx, filter)] as const,
    );
    response.json({
      asset_aliases: aliases.map(toAlias),
      total_entries: total,
    } satisfies AssetAliasCollection);
  });

  router.get('/assets/aliases/:asset_alias_id', async (request, response) => {
    const id = assetIdOf(request.params.asset_alias_id);
    const alias = await findAlias(deps.db, id);
    if (alias === undefined) throw unknownAlias(`id ${id}`);
    response.json(toAlias(alias));
  });

  return router;
}
