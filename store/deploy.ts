import { sql } from 'kysely';
import { assetKey, type AssetRef } from '../core/asset-uri.ts';
import type { Seq } from '../core/asset-event.ts';
import { type LeafId, leafOfSubscription } from '../core/batch.ts';
import { leavesOf, mapLeaves } from '../core/condition.ts';
import type { Definition } from '../core/definition.ts';
import { emptyGate } from '../core/gate.ts';
import type { DagId } from '../core/ids.ts';
import type { ProjectPlan } from '../core/project-plan.ts';
import type { DagPlan } from '../core/run-plan.ts';
import type { Db } from './database.ts';
import { takePositions, type Tx } from './log.ts';
import { syncAssets } from './assets.ts';

/** What a deploy changed. */
export interface Deployed {
  readonly created: readonly DagId[];
  readonly changed: readonly DagId[];
  readonly retired: readonly DagId[];
  readonly unchanged: readonly DagId[];
}

interface Change {
  readonly dagId: DagId;
  readonly version: number;
  readonly file: string;
  readonly hash: string;
  /** `null` retires the DAG. */
  readonly plan: DagPlan | null;
}

const retiredHash = 'retired';
const deployLock = 7_401_001;

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
    // One deploy at a time; recording events goes on meanwhile.
    await sql`select pg_advisory_xact_lock(${deployLock})`.execute(tx);
    const assetIds = await syncAssets(tx, project);
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
    await apply(tx, [...changes, ...gone], assetIds);
    await noteProject(tx, project.hash);

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

async function apply(tx: Tx, changes: readonly Change[], assetIds: AssetIds): Promise<void> {
  if (changes.length === 0) return;
  for (const change of changes) await upsertDag(tx, change);
  const { head: at } = await takePositions(tx, 1);
  for (const change of changes) {
    const leaves = await resubscribe(tx, change, assetIds, at);
    const definition = definitionOf(change, leaves);
    await tx
      .insertInto('dag_version')
      .values({
        ...{ dag_id: change.dagId, version: change.version, seq: at, hash: change.hash },
        plan: change.plan === null ? null : JSON.stringify(change.plan),
        definition: JSON.stringify(definition),
      })
      .execute();
    const checkpoint = { version: change.version, gate: emptyGate(definition.condition, at) };
    await tx
      .insertInto('consumer')
      .values({ dag_id: change.dagId, sent: at, checkpoint: JSON.stringify(checkpoint) })
      .onConflict((conflict) => conflict.column('dag_id').doNothing())
      .execute();
    await replaceTaskAssets(tx, change, assetIds);
  }
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

/** Opens and closes subscriptions at `at`; those of assets that stay are left as they are, with what is queued for them. */
async function resubscribe(
  tx: Tx,
  { dagId, version, plan }: Change,
  assetIds: AssetIds,
  at: Seq,
): Promise<Leaves> {
  const wanted = new Map(
    (plan?.condition ? leavesOf(plan.condition) : []).map((asset) => [assetIds(asset), asset]),
  );
  const open = await tx
    .selectFrom('subscription')
    .select(['id', 'asset_id'])
    .where('dag_id', '=', dagId)
    .where('until_seq', 'is', null)
    .execute();
  const closed = open.filter(({ asset_id }) => !wanted.has(asset_id)).map(({ id }) => id);
  if (closed.length > 0) {
    await tx.updateTable('subscription').set({ until_seq: at }).where('id', 'in', closed).execute();
  }
  const kept = new Set(open.map(({ asset_id }) => asset_id));
  const added = [...wanted.keys()].filter((id) => !kept.has(id));
  const opened =
    added.length === 0
      ? []
      : await tx
          .insertInto('subscription')
          .values(added.map((asset_id) => ({ dag_id: dagId, asset_id, version, after_seq: at })))
          .returning(['id', 'asset_id'])
          .execute();
  return new Map(
    [...open, ...opened].flatMap(({ id, asset_id }) => {
      const asset = wanted.get(asset_id);
      return asset === undefined ? [] : [[assetKey(asset), { leaf: leafOfSubscription(id), asset }]];
    }),
  );
}

type AssetIds = (asset: AssetRef) => number;
type Leaves = ReadonlyMap<string, { readonly leaf: LeafId; readonly asset: AssetRef }>;

function definitionOf({ version, plan }: Change, leaves: Leaves): Definition {
  return {
    version,
    plan: plan?.run ?? null,
    condition: plan?.condition ? mapLeaves(plan.condition, (asset) => leafIn(leaves, asset)) : null,
    assets: Object.fromEntries(
      [...leaves.values()].map(({ leaf, asset: { name, uri } }) => [leaf, { name, uri }]),
    ),
    maxActiveRuns: plan?.maxActiveRuns ?? 0,
  };
}

function leafIn(leaves: Leaves, asset: AssetRef): LeafId {
  const found = leaves.get(assetKey(asset));
  if (found === undefined) throw new Error(`asset ${asset.name} has no subscription`);
  return found.leaf;
}

async function replaceTaskAssets(tx: Tx, { dagId, plan }: Change, assetIds: AssetIds): Promise<void> {
  await tx.deleteFrom('dag_task').where('dag_id', '=', dagId).execute();
  const rows = (plan?.run.tasks ?? []).flatMap(({ id, outlets, inlets }) => [
    ...outlets.map((asset) => ({
      dag_id: dagId,
      task_id: id,
      asset_id: assetIds(asset),
      role: 'outlet' as const,
    })),
    ...inlets.map((asset) => ({
      dag_id: dagId,
      task_id: id,
      asset_id: assetIds(asset),
      role: 'inlet' as const,
    })),
  ]);
  if (rows.length > 0)
    await tx
      .insertInto('dag_task')
      .values(rows)
      .onConflict((c) => c.doNothing())
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
