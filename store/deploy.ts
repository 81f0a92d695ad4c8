import { sql } from 'kysely';
import type { DagId } from '../core/ids.ts';
import type { ProjectPlan } from '../core/project-plan.ts';
import { catalogOf, isOpenPlan } from '../core/selection.ts';
import { syncAliases } from './aliases.ts';
import { syncAssets } from './assets.ts';
import { readCatalog } from './catalog.ts';
import { changeOf, findMoved, type HashOf, removalOf, retiredHash } from './changes.ts';
import type { Db } from './database.ts';
import { lockDeploys } from './deploy-lock.ts';
import type { Tx } from './log.ts';
import { writePools } from './pools.ts';
import { writeRetention } from './retention.ts';
import type { Change } from './versions.ts';
import { writeChanges } from './write-changes.ts';

/** What a deploy changed. */
export interface Deployed {
  readonly created: readonly DagId[];
  readonly changed: readonly DagId[];
  readonly retired: readonly DagId[];
  readonly unchanged: readonly DagId[];
}

/**
 * Puts a project in force. Definitions are entries of the log: every event is judged by the one in force at its position.
 * What did not change is left alone; DAGs that are gone are retired, those of a file that could not be loaded are kept.
 * @param hashOf - hash of a plan
 */
export async function deployProject(db: Db, project: ProjectPlan, hashOf: HashOf): Promise<Deployed> {
  return db.transaction().execute(async (tx) => {
    await lockDeploys(tx);
    await syncAssets(tx, project);
    await syncAliases(tx, project);
    const isOpen = project.dags.some(isOpenPlan);
    const catalog = isOpen ? await readCatalog(tx) : catalogOf([]);
    const existing = await tx
      .selectFrom('dag')
      .innerJoin('dag_version', (join) =>
        join.onRef('dag_version.dag_id', '=', 'dag.dag_id').onRef('dag_version.version', '=', 'dag.version'),
      )
      .select(['dag.dag_id', 'dag.version', 'dag.file', 'dag_version.hash'])
      .execute();
    const before = new Map(existing.map((row) => [row.dag_id, row]));

    const wanted = project.dags.map((plan): Change => {
      const version = (before.get(plan.dagId)?.version ?? 0) + 1;
      return changeOf({ plan, version, hashOf }, catalog);
    });
    const isWanted = new Set(wanted.map(({ dagId }) => dagId));
    const broken = new Set(project.importErrors.map(({ file }) => file));
    const gone = existing
      .filter(({ dag_id, hash, file }) => !isWanted.has(dag_id) && hash !== retiredHash && !broken.has(file))
      .map(({ dag_id, version, file }) => removalOf(dag_id, version + 1, file));
    const isDecided = new Set([...isWanted, ...gone.map(({ dagId }) => dagId)]);
    const changes = [
      ...wanted.filter(({ dagId, hash }) => before.get(dagId)?.hash !== hash),
      // Of a file that could not be loaded: the assets it selects may be others all the same.
      ...(await findMoved(
        tx,
        () => readCatalog(tx),
        hashOf,
        (dagId) => isDecided.has(dagId),
      )),
    ];
    await replaceImportErrors(tx, project);
    await noteProject(tx, project.hash);
    await writeRetention(tx, project.retention);
    await writePools(tx, project.pools ?? []);
    await writeChanges(tx, [...changes, ...gone]);

    const idsOf = (list: readonly Change[]) => list.map(({ dagId }) => dagId);
    return {
      created: idsOf(changes.filter(({ dagId }) => !before.has(dagId))),
      changed: idsOf(changes.filter(({ dagId }) => before.has(dagId))),
      retired: idsOf(gone),
      unchanged: idsOf(wanted.filter((change) => !changes.includes(change))),
    };
  });
}

/** Whether a project of this hash was ever deployed, so that an old worker that restarts rolls nothing back. */
export async function wasDeployed(db: Db, hash: string): Promise<boolean> {
  const row = await db
    .selectFrom('deployed_project')
    .select('hash')
    .where('hash', '=', hash)
    .executeTakeFirst();
  return row !== undefined;
}

async function replaceImportErrors(tx: Tx, { importErrors }: ProjectPlan): Promise<void> {
  await tx.deleteFrom('import_error').execute();
  if (importErrors.length > 0) {
    const rows = importErrors.map(({ file, message }) => ({ file, message }));
    await tx.insertInto('import_error').values(rows).execute();
  }
}

async function noteProject(tx: Tx, hash: string): Promise<void> {
  await tx
    .insertInto('deployed_project')
    .values({ hash })
    .onConflict((conflict) => conflict.column('hash').doUpdateSet({ deployed_at: sql<Date>`clock()` }))
    .execute();
}
