import type { Seq } from '../../core/asset-event.ts';
import { runIdOfEvents } from '../../core/ids.ts';
import type { ConsumingRun, EventRecord } from '../../store/event-queries.ts';
import type { Accepted } from '../accept-events.ts';
import type { AssetEvent, CreatedDagRun } from '../contract/asset-events.ts';
import { toInstant, toOptionalInstant } from './instants.ts';

export function toAssetEvent(event: EventRecord): AssetEvent {
  return {
    id: event.seq,
    asset_id: event.asset_id,
    uri: event.uri,
    name: event.name,
    group: event.group_name,
    extra: event.extra,
    source_task_id: event.source_task_id,
    source_dag_id: event.source_dag_id,
    source_run_id: event.source_run_id,
    source_map_index: event.source_map_index,
    created_dagruns: event.runs.map((run) => toCreatedDagRun(run, event.seq)),
    timestamp: toInstant(event.recorded_at),
    partition_key: event.partition_key,
  };
}

/** An event right after it was recorded, when no run can have consumed it yet. */
export function toRecordedEvent({ firstSeq, at, events: [event] }: Accepted): AssetEvent {
  if (event === undefined) throw new Error('nothing was recorded');
  const { asset, extra, partitionKey } = event;
  return {
    id: firstSeq,
    asset_id: asset.id,
    uri: asset.uri,
    name: asset.name,
    group: asset.group_name,
    extra,
    source_task_id: null,
    source_dag_id: null,
    source_run_id: null,
    source_map_index: -1,
    created_dagruns: [],
    timestamp: toInstant(at),
    partition_key: partitionKey ?? null,
  };
}

function toCreatedDagRun(run: ConsumingRun, seq: Seq): CreatedDagRun {
  return {
    run_id: run.run_id,
    dag_id: run.dag_id,
    logical_date: toOptionalInstant(run.logical_at),
    start_date: toInstant(run.started_at ?? run.queued_at),
    end_date: toOptionalInstant(run.ended_at),
    state: run.state,
    data_interval_start: toOptionalInstant(run.data_interval_start_at),
    data_interval_end: toOptionalInstant(run.data_interval_end_at),
    partition_key: null,
    triggering: run.run_id === runIdOfEvents(seq),
  };
}
