import { sql } from 'kysely';
import type { RetentionPlan } from '../core/retention.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';

/** How long a project keeps what it wrote down, and what was deleted because of that. */
export interface Retention {
  /** `null` where it keeps all. */
  readonly plan: RetentionPlan | null;
  /** Whether Temporal's schedule is in line with it. */
  readonly isSynced: boolean;
  /** Up to which age something was deleted; `null` where nothing was. */
  readonly runsPrunedBefore: Date | null;
  readonly stepsPrunedBefore: Date | null;
  readonly eventsPrunedBefore: Date | null;
}

export async function readRetention(db: Db): Promise<Retention> {
  const row = await db
    .selectFrom('project')
    .select([
      'retention as plan',
      'is_retention_synced as isSynced',
      'runs_pruned_before as runsPrunedBefore',
      'steps_pruned_before as stepsPrunedBefore',
      'events_pruned_before as eventsPrunedBefore',
    ])
    .executeTakeFirstOrThrow();
  return row;
}

/** Writes what a deploy says; where it is something else, Temporal is still to be told. */
export async function writeRetention(tx: Tx, plan: RetentionPlan | undefined): Promise<void> {
  const written = plan === undefined ? null : JSON.stringify(plan);
  await sql`
    update project set retention = ${written}::jsonb, is_retention_synced = false
    where retention is distinct from ${written}::jsonb`.execute(tx);
}

/** Notes that Temporal knows this plan, unless another one was deployed meanwhile. */
export async function markRetentionSynced(db: Db, plan: RetentionPlan | null): Promise<void> {
  const told = plan === null ? null : JSON.stringify(plan);
  await sql`
    update project set is_retention_synced = true where retention is not distinct from ${told}::jsonb`.execute(
    db,
  );
}
