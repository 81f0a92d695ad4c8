import { sql } from 'kysely';
import type { DagId } from '../core/ids.ts';
import type { ProjectPlan } from '../core/project-plan.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { Source } from '../core/source.ts';
import type { Db } from './database.ts';
import { lockDeploys } from './deploy-lock.ts';
import type { Tx } from './log.ts';
import { type SourceIds, syncSources } from './source-ids.ts';
import { type Change, writeVersions } from './versions.ts';

/** What a deploy changed. */
export interface Deployed {
  readonly created: readonly DagId[];
  readonly changed: readonly DagId[];
  readonly retired: readonly DagId[];
  readonly unchanged: readonly DagId[];
}

const retiredHash = 'retired';

/**
 * Puts a project in force. Definitions are entries of the log: every event is judged by the one in force at its position.
 * What did not change is left alone; DAGs that are gone are retired, those of a file that could not be loaded are kept.
 * @param hashOf - hash of a plan
 */
export async function deployProject(
  db: Db,
  project: ProjectPlan,
  hashOf: (plan: DagPlan) => string,
): Promise<Deployed> {
  return db.transaction().execute(async (tx) => {
    await lockDeploys(tx);
    const sourceIds = await syncSources(tx, project);
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
      return { dagId: plan.dagId, version, file: plan.file, hash: hashOf(plan), plan };
    });
    const isWanted = new Set(wanted.map(({ dagId }) => dagId));
    const broken = new Set(project.importErrors.map(({ file }) => file));
    const gone = existing
      .filter(({ dag_id, hash, file }) => !isWanted.has(dag_id) && hash !== retiredHash && !broken.has(file))
      .map(({ dag_id, version, file }): Change => {
        return { dagId: dag_id, version: version + 1, file, hash: retiredHash, plan: null };
      });
    const changes = wanted.filter(({ dagId, hash }) => before.get(dagId)?.hash !== hash);
    await replaceImportErrors(tx, project);
    await noteProject(tx, project.hash);
    for (const change of [...changes, ...gone]) {
      await upsertDag(tx, change);
      await replaceTaskAssets(tx, change, sourceIds);
      await replaceOutlets(tx, change, sourceIds);
    }
    // Last, for it takes the position.
    await writeVersions(tx, [...changes, ...gone], sourceIds);

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

async function upsertDag(tx: Tx, { dagId, version, file, plan }: Change): Promise<void> {
  const retired_at = plan === null ? sql<Date>`clock()` : null;
  await tx
    .insertInto('dag')
    .values({ dag_id: dagId, version, file, retired_at })
    .onConflict((conflict) =>
      conflict.column('dag_id').doUpdateSet({ version, file, retired_at, updated_at: sql<Date>`clock()` }),
    )
    .execute();
}

async function replaceTaskAssets(tx: Tx, { dagId, plan }: Change, sourceIds: SourceIds): Promise<void> {
  await tx.deleteFrom('dag_task').where('dag_id', '=', dagId).execute();
  const rows = (plan?.run.tasks ?? []).flatMap(({ id, outlets, inlets }) => {
    const row = (role: 'outlet' | 'inlet') => (source: Source) => ({
      ...{ dag_id: dagId, task_id: id, role },
      ...sourceIds(source),
    });
    return [...outlets.map(row('outlet')), ...inlets.map(row('inlet'))];
  });
  if (rows.length > 0)
    await tx
      .insertInto('dag_task')
      .values(rows)
      .onConflict((c) => c.doNothing())
      .execute();
}

async function replaceOutlets(tx: Tx, { dagId, plan }: Change, sourceIds: SourceIds): Promise<void> {
  await tx.deleteFrom('dag_outlet').where('dag_id', '=', dagId).execute();
  const outlets = plan?.run.outlets ?? [];
  if (outlets.length === 0) return;
  await tx
    .insertInto('dag_outlet')
    .values(
      outlets.flatMap(({ asset }) => {
        const { asset_id } = sourceIds(asset);
        return asset_id === null ? [] : [{ dag_id: dagId, asset_id }];
      }),
    )
    .execute();
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
