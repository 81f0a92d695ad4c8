import { z } from 'zod';
import { limitParameter, offsetParameter, orderBy, totalEntries } from './page.ts';
import { Instant } from './scalars.ts';

/** A file that could not be loaded or did not compile at the latest deploy. */
export const ImportError = z
  .object({
    /** Its place among the broken files, by name. */
    import_error_id: z.int(),
    timestamp: Instant,
    /** Relative to the project. */
    filename: z.string(),
    bundle_name: z.null(),
    /** What is wrong, without a stack. */
    stack_trace: z.string(),
  })
  .meta({ id: 'ImportError' });
export type ImportError = z.infer<typeof ImportError>;

/** A page of broken files. */
export const ImportErrorCollection = z
  .object({ import_errors: z.array(ImportError), total_entries: totalEntries })
  .meta({
    id: 'ImportErrorCollection',
  });
export type ImportErrorCollection = z.infer<typeof ImportErrorCollection>;

/** Query of `GET /api/v2/importErrors`. */
export const ImportErrorQuery = z.object({
  limit: limitParameter,
  offset: offsetParameter,
  order_by: orderBy(['import_error_id', 'id', 'timestamp', 'filename'], 'id'),
});
