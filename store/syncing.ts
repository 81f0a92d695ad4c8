import { sql } from 'kysely';
import type { DagId } from '../core/ids.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { Db } from './database.ts';

/** A DAG whose newest version Temporal may not know yet. */
export interface UnsyncedDag {
  readonly dagId: DagId;
  readonly version: number;
  /** `null` once it was removed. */
  readonly plan: DagPlan | null;
  readonly isPaused: boolean;
}

/** DAGs deployed at least `olderThanMs` ago that are not yet brought in line: their deploy, or a pause, is under way or was cut off. */
export async function findUnsynced(db: Db, olderThanMs: number): Promise<readonly UnsyncedDag[]> {
  const { rows } = await sql<UnsyncedDag>`
    select d.dag_id as "dagId", d.version, v.plan, c.is_paused as "isPaused"
    from dag d join dag_version v on v.dag_id = d.dag_id and v.version = d.version
    join consumer c on c.dag_id = d.dag_id
    where d.synced_version < d.version and d.updated_at <= clock() - ${olderThanMs}::float8 * interval '1 millisecond'
    order by d.dag_id`.execute(db);
  return rows;
}

/** Notes that Temporal knows this version, unless the DAG was paused or resumed meanwhile: then it is still to be told. */
export async function markSynced(db: Db, { dagId, version, isPaused }: UnsyncedDag): Promise<void> {
  await db
    .updateTable('dag')
    .set({ synced_version: version })
    .where('dag_id', '=', dagId)
    .where('synced_version', '<', version)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('consumer')
          .select('dag_id')
          .where('dag_id', '=', dagId)
          .where('is_paused', '=', isPaused),
      ),
    )
    .execute();
}
