import { sql } from 'kysely';
import { leavesOf } from '../core/condition.ts';
import type { Source } from '../core/source.ts';
import { isOpenPlan } from '../core/selection.ts';
import type { Tx } from './log.ts';
import { readSourceIds, type SourceIds } from './source-ids.ts';
import { type Change, writeVersions } from './versions.ts';

/** Puts versions of DAGs in force. It comes last in a transaction, for it takes a position of the log. */
export async function writeChanges(tx: Tx, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const ids = await readSourceIds(tx, changes.flatMap(sourcesOf));
  for (const change of changes) {
    await upsertDag(tx, change);
    await replaceTaskAssets(tx, change, ids);
    await replaceOutlets(tx, change, ids);
  }
  await writeVersions(tx, changes, ids);
}

function sourcesOf({ resolved }: Change): readonly Source[] {
  if (resolved === null) return [];
  const { condition, run } = resolved.plan;
  return [
    ...(condition === null ? [] : leavesOf(condition)),
    ...run.tasks.flatMap(({ outlets, inlets }) => [...outlets, ...inlets]),
    ...(run.outlets ?? []).map(({ asset }) => asset),
  ];
}

async function upsertDag(tx: Tx, { dagId, version, file, plan }: Change): Promise<void> {
  const retired_at = plan === null ? sql<Date>`clock()` : null;
  const is_open = plan !== null && isOpenPlan(plan);
  await tx
    .insertInto('dag')
    .values({ dag_id: dagId, version, file, retired_at, is_open })
    .onConflict((conflict) =>
      conflict.column('dag_id').doUpdateSet({
        ...{ version, file, retired_at, is_open, updated_at: sql<Date>`clock()` },
        // Nothing is made up for of the time when it was not there, or had no such schedule.
        times_settled_at: sql<Date>`case when dag.retired_at is null and exists (
          select from dag_version v where v.dag_id = dag.dag_id and v.version = dag.version
            and v.plan -> 'catchup' is not null and v.plan -> 'cron' = ${JSON.stringify(plan?.cron ?? null)}::jsonb
        ) then dag.times_settled_at else clock() end`,
      }),
    )
    .execute();
}

async function replaceTaskAssets(tx: Tx, { dagId, resolved }: Change, ids: SourceIds): Promise<void> {
  await tx.deleteFrom('dag_task').where('dag_id', '=', dagId).execute();
  const rows = (resolved?.plan.run.tasks ?? []).flatMap(({ id: task_id, outlets, inlets }) => {
    const rowsOf = (role: 'outlet' | 'inlet', sources: readonly Source[]) =>
      sources.flatMap((source) => {
        const id = ids(source);
        return id === undefined ? [] : [{ dag_id: dagId, task_id, role, ...id }];
      });
    return [...rowsOf('outlet', outlets), ...rowsOf('inlet', inlets)];
  });
  if (rows.length > 0)
    await tx
      .insertInto('dag_task')
      .values(rows)
      .onConflict((c) => c.doNothing())
      .execute();
}

async function replaceOutlets(tx: Tx, { dagId, resolved }: Change, ids: SourceIds): Promise<void> {
  await tx.deleteFrom('dag_outlet').where('dag_id', '=', dagId).execute();
  const rows = (resolved?.plan.run.outlets ?? []).flatMap(({ asset }) => {
    const asset_id = ids(asset)?.asset_id ?? null;
    return asset_id === null ? [] : [{ dag_id: dagId, asset_id }];
  });
  if (rows.length > 0) await tx.insertInto('dag_outlet').values(rows).execute();
}
