import type { Definition } from '../core/definition.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';

/** The newest definition of a DAG that is one, and when its first was deployed; `undefined` when it never was. */
export async function readCurrentDefinition(
  db: Db,
  dagId: DagId,
): Promise<{ readonly definition: Definition; readonly firstAt: number } | undefined> {
  const versions = db.selectFrom('dag_version').where('dag_id', '=', dagId).where('plan', 'is not', null);
  const newest = await versions.select('definition').orderBy('version', 'desc').limit(1).executeTakeFirst();
  const first = await versions.select('created_at').orderBy('version').limit(1).executeTakeFirst();
  if (newest === undefined || first === undefined) return undefined;
  return { definition: newest.definition, firstAt: first.created_at.getTime() };
}
