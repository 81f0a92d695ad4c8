import { type Request, Router } from 'express';
import { countAliases, findAlias, listAliases } from '../../store/alias-queries.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import {
  type AssetAliasCollection,
  AssetAliasQuery,
  type AssetTemplateCollection,
} from '../contract/aliases.ts';
import type { ApiDeps } from '../deps.ts';
import { assetIdOf, queryOf, unknownPassage } from '../request.ts';
import { toAlias, toTemplate } from '../wire/aliases.ts';

export function aliasRoutes(deps: ApiDeps): Router {
  const router = Router();

  for (const [path, id, kind] of [
    ['/assets/aliases', 'asset_alias_id', 'alias'],
    ['/assets/templates', 'asset_template_id', 'template'],
  ] as const) {
    router.get(path, async (request, response) => {
      const query = queryOf(AssetAliasQuery, request);
      const filter = { kind, namePattern: query.name_pattern, namePrefix: query.name_prefix_pattern };
      const page = { limit: query.limit, offset: query.offset, orderBy: query.order_by };
      const [found, total] = await inSnapshot(
        deps.db,
        async (tx) => [await listAliases(tx, filter, page), await countAliases(tx, filter)] as const,
      );
      response.json(
        kind === 'alias'
          ? ({ asset_aliases: found.map(toAlias), total_entries: total } satisfies AssetAliasCollection)
          : ({
              asset_templates: found.map(toTemplate),
              total_entries: total,
            } satisfies AssetTemplateCollection),
      );
    });

    router.get(`${path}/:${id}`, async (request: Request<Record<string, string>>, response) => {
      const wanted = assetIdOf(request.params[id] ?? '');
      const found = await findAlias(deps.db, kind, wanted);
      if (found === undefined) throw unknownPassage(kind, wanted);
      response.json(kind === 'alias' ? toAlias(found) : toTemplate(found));
    });
  }

  return router;
}
