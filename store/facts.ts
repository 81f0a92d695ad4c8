import type { EventSource } from '../core/asset-event.ts';
import type { EventFacts } from '../core/event-filter.ts';
import type { DagId, RunId, TaskId } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';

/** Columns of an event that filters and mappers look at. */
export interface RecordedFacts {
  readonly extra: JsonObject;
  readonly partition_key: string | null;
  readonly source_dag_id: DagId | null;
  readonly source_run_id: RunId | null;
  readonly source_task_id: TaskId | null;
}

export function factsOf(event: RecordedFacts): EventFacts {
  return { extra: event.extra, partitionKey: event.partition_key, source: sourceOf(event) };
}

/** Where an event came from. */
export function sourceOf({
  source_dag_id,
  source_run_id,
  source_task_id,
}: Pick<RecordedFacts, 'source_dag_id' | 'source_run_id' | 'source_task_id'>): EventSource {
  if (source_dag_id === null || source_run_id === null) return { kind: 'api' };
  const run = { dagId: source_dag_id, runId: source_run_id };
  return source_task_id === null ? { kind: 'dag', ...run } : { kind: 'task', ...run, taskId: source_task_id };
}
