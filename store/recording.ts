import { sql } from 'kysely';
import type { EventSource, NewAssetEvent, Seq } from '../core/asset-event.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import { prepared } from './prepared.ts';

/** One try of one task, as its worker knows it. */
export interface TaskTry {
  readonly dagId: DagId;
  readonly runId: RunId;
  readonly attempt: number;
  readonly taskId: TaskId;
  /** Which instance of a mapped task; absent of a task that is not mapped. */
  readonly mapIndex?: number;
  readonly try: number;
}

/** A try that ended well, with its result as JSON text. */
export interface TaskSuccess extends TaskTry {
  readonly result: string | null;
}

/** A request that must not be recorded twice. */
export interface IdempotencyKey {
  readonly key: string;
  /** Hash of what was asked; the same key with another hash is a conflict. */
  readonly requestHash: string;
}

/** Events that are recorded together or not at all: those of a try or run that succeeds, or of a request. */
export type Submission = {
  readonly source: EventSource;
  readonly events: readonly NewAssetEvent[];
} & (
  | { readonly success: TaskSuccess; readonly idempotencyKey?: undefined }
  | { readonly success?: undefined; readonly idempotencyKey?: IdempotencyKey | undefined }
);

/** What became of the events of one submission. */
export type Recorded =
  | {
      readonly kind: 'recorded';
      readonly seqs: readonly Seq[];
      readonly at: Date;
      /** DAGs that wait for what was recorded, and for what was recorded with it by others. */
      readonly subscribers: readonly DagId[];
    }
  /** Its idempotency key was used before: nothing new was recorded. */
  | { readonly kind: 'repeated'; readonly firstSeq: Seq; readonly requestHash: string }
  /** Its try is no longer the running one, or its run was closed: nothing was recorded. */
  | { readonly kind: 'lost' };

/**
 * Records submissions in one statement, each whole or not at all: marks each try as succeeded that is still the running one of an open
 * run, and gives the events of what counts the next positions of the log. The log is locked last, until the transaction ends, so
 * positions are gapless and in commit order, and no time lies below that of the event before. The rows of the runs are locked against
 * closing, so a try and the end of its run never pass each other.
 */
export async function recordAll(
  db: Db | Tx,
  submissions: readonly Submission[],
): Promise<readonly Recorded[]> {
  const tries = submissions.flatMap(({ success }, place) =>
    success === undefined ? [] : [{ ...success, place }],
  );
  const events = submissions.flatMap(({ events: of, source, success }, place) =>
    of.map((event) => ({
      ...{ ...event, place, isConditional: success !== undefined },
      run: source.kind === 'api' ? null : source,
      taskId: source.kind === 'task' ? source.taskId : null,
      mapIndex: source.kind === 'task' ? (source.mapIndex ?? -1) : -1,
    })),
  );
  const through = passagesOf(events);
  const { rows } = await sql<Answer>`
    with tried as (
      select * from unnest(
        ${tries.map(({ place }) => place)}::int[], ${tries.map(({ dagId }) => dagId)}::text[],
        ${tries.map(({ runId }) => runId)}::text[], ${tries.map(({ attempt }) => attempt)}::int[],
        ${tries.map(({ taskId }) => taskId)}::text[], ${tries.map(({ mapIndex = -1 }) => mapIndex)}::int[], ${tries.map((success) => success.try)}::int[],
        ${tries.map(({ result }) => result)}::text[]
      ) as t (place, dag_id, run_id, attempt, task_id, map_index, try, result)
    ), open_run as (
      select dag_id, run_id, attempt from run
      where (dag_id, run_id) in (select dag_id, run_id from tried) and state in ('queued', 'running')
      order by dag_id, run_id for share
    ), succeeded as (
      update task_run set state = 'success', ended_at = clock(), error = null, result = tried.result::jsonb
      from tried join open_run using (dag_id, run_id, attempt)
      where task_run.dag_id = tried.dag_id and task_run.run_id = tried.run_id and task_run.attempt = tried.attempt
        and task_run.task_id = tried.task_id and task_run.map_index = tried.map_index and task_run.try = tried.try and task_run.state = 'running'
      returning tried.place
    ), accepted as (
      select *, row_number() over (order by nth) as position
      from unnest(
        ${events.map(({ place }) => place)}::int[], ${events.map(({ isConditional }) => isConditional)}::bool[],
        ${events.map(({ assetId }) => assetId)}::int[], ${events.map(({ extra }) => JSON.stringify(extra))}::text[],
        ${events.map(({ partitionKey }) => partitionKey ?? null)}::text[],
        ${events.map(({ run }) => run?.dagId ?? null)}::text[], ${events.map(({ run }) => run?.runId ?? null)}::text[],
        ${events.map(({ taskId }) => taskId)}::text[], ${events.map(({ mapIndex }) => mapIndex)}::int[]
      ) with ordinality as e (place, is_conditional, asset_id, extra, partition_key, dag_id, run_id, task_id, map_index, nth)
      where not is_conditional or place in (select place from succeeded)
    ), taken as (
      update log set head = head + (select count(*) from accepted), at = greatest(at, clock())
      -- Tries first: the log is locked last, whatever else is in the group.
      where (select count(*) from succeeded) >= 0 and (select count(*) from accepted) > 0
      returning head - (select count(*) from accepted) as before, at
    ), written as (
      insert into asset_event
        (seq, batch_end, asset_id, recorded_at, extra, partition_key, source_dag_id, source_run_id, source_task_id, source_map_index)
      select before + position, before + max(position) over (partition by place), asset_id, at, extra::jsonb, partition_key,
        dag_id, run_id, task_id, map_index
      from accepted cross join taken
    )${through.written}
    select (select before from taken), (select at from taken), array(select place from succeeded) as succeeded,
      array(
        select distinct dag_id from subscription
        where until_seq is null and asset_id in (select asset_id from accepted) ${through.subscribers}
      ) as subscribers ${prepared}`.execute(db);
  return answers(submissions, rows[0] ?? nothing);
}

/** What there is to write where events come through aliases; most do not, and then nothing of it is asked. */
function passagesOf(events: readonly NewAssetEvent[]) {
  const passages = events.flatMap(({ aliasIds = [] }, index) =>
    aliasIds.map((aliasId) => ({ nth: index + 1, aliasId })),
  );
  if (passages.length === 0) return { written: sql``, subscribers: sql`` };
  return {
    written: sql`, passing as (
      select alias_id, position from unnest(
        ${passages.map(({ nth }) => nth)}::int[], ${passages.map(({ aliasId }) => aliasId)}::int[]
      ) as p (nth, alias_id) join accepted using (nth)
    ), passed as (
      insert into asset_event_alias (alias_id, seq) select alias_id, before + position from passing cross join taken
    )`,
    subscribers: sql`union select dag_id from subscription where until_seq is null and alias_id in (select alias_id from passing)`,
  };
}

interface Answer {
  /** Head of the log before this; `null` when there was nothing to place. */
  readonly before: Seq | null;
  readonly at: Date | null;
  /** Places of the submissions whose try succeeded. */
  readonly succeeded: readonly number[];
  readonly subscribers: readonly DagId[];
}

const nothing: Answer = { before: null, at: null, succeeded: [], subscribers: [] };

/** Positions are given out in the order of the submissions. */
function answers(
  submissions: readonly Submission[],
  { before, at, succeeded, subscribers }: Answer,
): readonly Recorded[] {
  const won = new Set(succeeded);
  let last = before ?? 0;
  return submissions.map(({ success, events }, place): Recorded => {
    if (success !== undefined && !won.has(place)) return { kind: 'lost' };
    const first = last + 1;
    last += events.length;
    return {
      kind: 'recorded',
      seqs: events.map((_, index) => first + index),
      at: at ?? new Date(),
      subscribers,
    };
  });
}
