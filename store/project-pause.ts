import { type RawBuilder, sql } from 'kysely';
import { TidegateError } from '../core/errors.ts';
import type { DagId } from '../core/ids.ts';
import type { Db } from './database.ts';
import { lockDeploys } from './deploy-lock.ts';
import type { PausedBy } from './schema.ts';

/** Whether a whole project is paused, since when and by whom; and how far its DAGs have followed. */
export interface ProjectPause {
  readonly isPaused: boolean;
  /** When it was last paused or resumed; `null` where it never was. */
  readonly changedAt: Date | null;
  readonly changedBy: string | null;
  /** DAGs that are paused by themselves, so that resuming the project does not resume them. */
  readonly dagsPausedThemselves: number;
  /** DAGs whose consumer is still to be told. */
  readonly dagsToTell: number;
}

export async function readProjectPause(db: Db): Promise<ProjectPause> {
  const { rows } = await sql<ProjectPause>`
    select p.is_paused as "isPaused", p.pause_changed_at as "changedAt", p.pause_changed_by as "changedBy",
      (select count(*) from ${inForce} where c.is_paused and c.paused_by = 'dag') as "dagsPausedThemselves",
      (select count(*) from ${inForce} where ${isOwed(sql`p`)}) as "dagsToTell"
    from project p`.execute(db);
  const [pause] = rows;
  if (pause === undefined) throw new Error('the row of the project is missing');
  return pause;
}

/**
 * Writes down that the whole project is paused, or no more; asking again changes nothing. DAGs in force are still to be told; removed ones
 * have nobody to tell, and are as they will be when they come back.
 */
export async function wishProjectPaused(db: Db, isPaused: boolean, who: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    // A deploy that is under way comes before or behind this: its new DAGs are told, or are paused from their first moment.
    await lockDeploys(tx);
    await sql`
      update project set is_paused = ${isPaused}, pause_changed_at = clock(), pause_changed_by = ${who}
      where is_paused <> ${isPaused}`.execute(tx);
    if (isPaused) {
      await sql`
        update consumer c set paused_by = 'project', is_paused = d.retired_at is not null
        from dag d where d.dag_id = c.dag_id and not c.is_paused`.execute(tx);
    } else {
      await sql`
        update consumer c set paused_by = null, is_paused = false
        from dag d where d.dag_id = c.dag_id and d.retired_at is not null and c.paused_by = 'project'`.execute(
        tx,
      );
    }
  });
}

/** DAGs that are not yet as the project's pause, or its end, asks for, and what is to become of them; at most `limit`. */
export async function findOwedPauses(
  db: Db,
  limit: number,
): Promise<readonly { readonly dagId: DagId; readonly isPaused: boolean }[]> {
  const { rows } = await sql<{ dagId: DagId; isPaused: boolean }>`
    select c.dag_id as "dagId", p.is_paused as "isPaused" from project p, ${inForce}
    where ${isOwed(sql`p`)} order by c.dag_id limit ${limit}`.execute(db);
  return rows;
}

/** Notes before a DAG is paused whose pause it is. The project takes only what runs; a DAG's own pause takes what the project holds, too. */
export async function claimPause(db: Db, dagId: DagId, by: PausedBy): Promise<void> {
  await sql`
    update consumer set paused_by = ${by}
    where dag_id = ${dagId} and (${by} = 'dag' or not is_paused)`.execute(db);
}

/** Notes that a pause is over. @returns whose pause it is now: somebody may have begun one of the other kind meanwhile */
export async function releasePause(db: Db, dagId: DagId, by: PausedBy): Promise<PausedBy | null> {
  await sql`update consumer set paused_by = null where dag_id = ${dagId} and paused_by = ${by}`.execute(db);
  const row = await db
    .selectFrom('consumer')
    .select('paused_by')
    .where('dag_id', '=', dagId)
    .executeTakeFirst();
  return row?.paused_by ?? null;
}

/** @throws TidegateError `project_paused` while the whole project is paused */
export async function requireProjectRuns(db: Db, dagId: DagId): Promise<void> {
  const { isPaused, changedAt, changedBy } = await readProjectPause(db);
  if (!isPaused) return;
  throw new TidegateError(
    'project_paused',
    `DAG ${dagId} stays paused while the whole project is (by ${changedBy}, since ${changedAt?.toISOString()}): resume that first, with 'tidegate dags unpause --all'`,
  );
}

const pausingLock = 7_401_002;

/** Lets one process at a time tell DAGs of the project's pause: what was told last is then what was wished last. */
export async function whilePausing<Result>(db: Db, act: () => Promise<Result>): Promise<Result> {
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${pausingLock})`.execute(tx);
    return act();
  });
}

const inForce = sql`consumer c join dag d on d.dag_id = c.dag_id and d.retired_at is null`;

function isOwed(project: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql`(${project}.is_paused and not c.is_paused or not ${project}.is_paused and c.paused_by = 'project')`;
}
