import { Router } from 'express';
import { countImportErrors, type ImportErrorRecord, listImportErrors } from '../../store/import-errors.ts';
import { inSnapshot } from '../../store/snapshot.ts';
import { type ImportError, type ImportErrorCollection, ImportErrorQuery } from '../contract/import-errors.ts';
import type { ApiDeps } from '../deps.ts';
import { queryOf } from '../request.ts';
import { toInstant } from '../wire/instants.ts';

export function importErrorRoutes({ db }: ApiDeps): Router {
  const router = Router();

  router.get('/importErrors', async (request, response) => {
    const { limit, offset, order_by } = queryOf(ImportErrorQuery, request);
    const page = { limit, offset, orderBy: order_by };
    const [errors, total] = await inSnapshot(
      db,
      async (tx) => [await listImportErrors(tx, page), await countImportErrors(tx)] as const,
    );
    const import_errors = errors.map(toImportError);
    response.json({ import_errors, total_entries: total } satisfies ImportErrorCollection);
  });

  return router;
}

function toImportError({ number, file, message, at }: ImportErrorRecord): ImportError {
  return {
    import_error_id: number,
    timestamp: toInstant(at),
    filename: file,
    bundle_name: null,
    stack_trace: message,
  };
}
