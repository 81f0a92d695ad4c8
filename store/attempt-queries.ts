import type { DagId, RunId } from '../core/ids.ts';
import type { Db } from './database.ts';
import type { MarkRow, RunAttemptRow } from './run-tables.ts';

/** What became of a run over time: its later attempts, each with how the one before it ended, and what was said by hand. */
export interface RunStory {
  readonly attempts: readonly RunAttemptRow[];
  readonly marks: readonly MarkRow[];
}

/** Both in the order in which they came. */
export async function readRunStory(db: Db, dagId: DagId, runId: RunId): Promise<RunStory> {
  const [attempts, marks] = await Promise.all([
    db
      .selectFrom('run_attempt')
      .selectAll()
      .where('dag_id', '=', dagId)
      .where('run_id', '=', runId)
      .orderBy('attempt')
      .execute(),
    db
      .selectFrom('mark')
      .selectAll()
      .where('dag_id', '=', dagId)
      .where('run_id', '=', runId)
      .orderBy('id')
      .execute(),
  ]);
  return { attempts, marks };
}
