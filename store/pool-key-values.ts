import { withDefaults } from '../core/pool-key.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import type { TemplateValues } from '../core/template.ts';
import { sql } from 'kysely';
import type { Db } from './database.ts';
import type { RunRow } from './run-tables.ts';
import { type TimesRow, timesOf } from './run-times.ts';

type KeyRow = TimesRow & Pick<RunRow, 'conf' | 'partition_key'> & { readonly schema: JsonObject | null };

/** What the key of a pool is rendered with in one run: by its plan, so that every worker renders the same. */
export async function readKeyValues(db: Db, dagId: DagId, runId: RunId): Promise<TemplateValues> {
  const { rows } = await sql<KeyRow>`
    select r.conf, r.logical_at, r.data_interval_start_at, r.data_interval_end_at, r.partition_key, v.plan -> 'paramsSchema' as schema
    from run r left join dag_version v on v.dag_id = r.dag_id and v.version = r.version
    where r.dag_id = ${dagId} and r.run_id = ${runId}`.execute(db);
  const [row] = rows;
  return {
    ...timesOf(row),
    partitionKey: row?.partition_key ?? null,
    params: withDefaults(row?.conf ?? {}, row?.schema ?? null),
  };
}
