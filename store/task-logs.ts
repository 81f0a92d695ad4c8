import { sql } from 'kysely';
import type { JsonObject } from '../core/json.ts';
import type { Db } from './database.ts';
import type { TaskTry } from './recording.ts';
import type { LogLevel } from './run-tables.ts';

/** One line of a task's log. */
export interface LogLine {
  readonly at: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: JsonObject;
}

/** Appends lines to the log of one try, in order. */
export async function appendLog(db: Db, tried: TaskTry, lines: readonly LogLine[]): Promise<void> {
  if (lines.length === 0) return;
  await sql`
    insert into task_log (dag_id, run_id, attempt, task_id, map_index, try, at, level, message, fields)
    select ${tried.dagId}, ${tried.runId}, ${tried.attempt}, ${tried.taskId}, ${tried.mapIndex ?? -1}, ${tried.try}, at, level, message, fields::jsonb
    from unnest(
      ${lines.map(({ at }) => at)}::timestamptz[], ${lines.map(({ level }) => level)}::text[],
      ${lines.map(({ message }) => message)}::text[], ${lines.map(({ fields }) => JSON.stringify(fields))}::text[]
    ) as l (at, level, message, fields)`.execute(db);
}
