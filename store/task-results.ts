import { sql } from 'kysely';
import { TidegateError } from '../core/errors.ts';
import type { TaskId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { Items } from '../core/mapped-items.ts';
import type { Db } from './database.ts';
import type { RunAttempt } from './runs.ts';
import { isOfAttempt } from './task-rows.ts';

/** Most bytes of results, as JSON, that one task is given. */
const maxResultsBytes = 64 * 1_024 * 1_024;

/**
 * What tasks returned that succeeded; of a mapped task the list of what its instances returned.
 * @throws TidegateError `invalid_input` when they are above 64 MiB together
 */
export async function readResults(
  db: Db,
  attempt: RunAttempt,
  tasks: readonly TaskId[],
): Promise<Readonly<Record<TaskId, Json>>> {
  if (tasks.length === 0) return {};
  const { rows } = await sql<{ task_id: TaskId; map_index: number; result: Json; bytes: number }>`
    with found as (
      select task_id, map_index, result, sum(octet_length(result::text)) over () as bytes from task_run
      where ${isOfAttempt(attempt)} and task_id = any(${tasks}::text[]) and state = 'success'
    )
    select task_id, map_index, case when bytes <= ${maxResultsBytes} then result end as result, bytes::float8 as bytes
    from found order by task_id, map_index`.execute(db);
  const bytes = rows[0]?.bytes ?? 0;
  if (bytes > maxResultsBytes)
    throw new TidegateError(
      'invalid_input',
      `the results that this task needs are ${bytes} bytes as JSON, ${maxResultsBytes} are allowed: return references to what is stored elsewhere`,
    );
  const results: Record<TaskId, Json> = {};
  const lists: Record<TaskId, Json[]> = {};
  for (const { task_id, map_index, result } of rows) {
    if (map_index === -1) results[task_id] = result;
    else (lists[task_id] ??= []).push(result);
  }
  return { ...results, ...lists };
}

/**
 * Some items of what a task is mapped over: of the list that a task returned, or of what the instances of another mapped task returned.
 * @returns `count` of them from index `from` on, fewer at the end
 */
export async function readItems(
  db: Db,
  attempt: RunAttempt,
  over: TaskId,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<readonly Json[]> {
  const ofIt = sql`${isOfAttempt(attempt)} and task_id = ${over} and state = 'success'`;
  const part = JSON.stringify({ first: from, last: from + count - 1 });
  const { rows } = await sql<{ items: readonly Json[] | null }>`
    select coalesce(
      (select jsonb_path_query_array(result, '$[$first to $last]', ${part}) from task_run where ${ofIt} and map_index = -1),
      (select jsonb_agg(result order by map_index) from (
        select map_index, result from task_run where ${ofIt} and map_index >= 0 order by map_index offset ${from} limit ${count}
      ) as instance)
    ) as items`.execute(db);
  return rows[0]?.items ?? [];
}

/** What a task is mapped over that returned it. */
export async function countItems(db: Db, attempt: RunAttempt, over: TaskId): Promise<Items> {
  const { rows } = await sql<{
    type: string | null;
    length: number | null;
    is_plain: boolean;
    instances: number;
  }>`
    select jsonb_typeof(result) as type, case jsonb_typeof(result) when 'array' then jsonb_array_length(result) end as length,
      map_index = -1 as is_plain, (count(*) over ())::int as instances
    from task_run where ${isOfAttempt(attempt)} and task_id = ${over} and state = 'success'
    order by map_index limit 1`.execute(db);
  const [first] = rows;
  if (first?.is_plain !== true) return { kind: 'list', count: first?.instances ?? 0 };
  return first.length === null
    ? { kind: 'no list', type: first.type ?? 'nothing' }
    : { kind: 'list', count: first.length };
}
