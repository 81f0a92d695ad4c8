import { runWorkflowId } from '../../core/workflow-names.ts';
import type { RunRecord } from '../../store/run-queries.ts';
import type { RunTrigger } from '../../store/run-tables.ts';
import type { DagRun, DagRunType } from '../contract/dag-runs.ts';
import type { ApiDeps } from '../deps.ts';
import { toDagVersion } from './dags.ts';
import { secondsBetween, toInstant, toOptionalInstant } from './instants.ts';

const runTypes = { asset: 'asset_triggered', manual: 'manual', scheduled: 'scheduled' } as const;
const triggeredBy = { asset: 'asset', manual: 'rest_api', scheduled: 'timetable' } as const;
const triggers: Readonly<Record<DagRunType, RunTrigger>> = {
  asset_triggered: 'asset',
  manual: 'manual',
  scheduled: 'scheduled',
};

export function toTrigger(runType: DagRunType): RunTrigger {
  return triggers[runType];
}

/**
 * @param historyMs - how long Temporal keeps what ended; `null` where that is not known
 * @param waitsFor - what keeps it back, where that was looked for
 */
export function toDagRun(
  run: RunRecord,
  deps: Pick<ApiDeps, 'temporal' | 'temporalUiUrl'>,
  historyMs: number | null,
  waitsFor: string | null = null,
): DagRun {
  const { version, version_created_at } = run;
  const workflowId = runWorkflowId(run.dag_id, run.run_id, run.attempt);
  return {
    dag_run_id: run.run_id,
    dag_id: run.dag_id,
    dag_display_name: run.dag_id,
    logical_date: toOptionalInstant(run.logical_at),
    queued_at: toInstant(run.queued_at),
    start_date: toOptionalInstant(run.started_at),
    end_date: toOptionalInstant(run.ended_at),
    duration: secondsBetween(run.started_at, run.ended_at),
    data_interval_start: toOptionalInstant(run.data_interval_start_at),
    data_interval_end: toOptionalInstant(run.data_interval_end_at),
    run_after: toRunAfter(run),
    partition_key: run.partition_key,
    last_scheduling_decision: toOptionalInstant(run.admitted_at),
    run_type: runTypes[run.trigger],
    state: run.state,
    triggered_by: triggeredBy[run.trigger],
    triggering_user_name: null,
    conf: run.conf,
    note: run.note,
    dag_versions:
      version === null || version_created_at === null
        ? []
        : [toDagVersion(run.dag_id, version, version_created_at)],
    bundle_version: null,
    attempt: run.attempt,
    state_reason: run.reason,
    waits_for: waitsFor,
    wanted_state: run.ended_at === null ? run.wanted_state : null,
    consumed_event_count: run.consumed_event_count,
    folded_requests: run.folded,
    single_flight_key: run.flight_key,
    ticks: run.ticks.map((at) => toInstant(at)),
    missing: [...run.missing],
    temporal_workflow_id: workflowId,
    temporal_ui_url: workflowUrl(deps, workflowId),
    temporal_history_until:
      run.ended_at === null || historyMs === null ? null : toInstant(run.ended_at.getTime() + historyMs),
  };
}

/** When a run was due. */
export function toRunAfter(run: RunRecord): string {
  return toInstant(run.data_interval_end_at ?? run.logical_at ?? run.queued_at);
}

function workflowUrl(
  { temporal, temporalUiUrl }: Pick<ApiDeps, 'temporal' | 'temporalUiUrl'>,
  workflowId: string,
): string | null {
  if (temporalUiUrl === undefined) return null;
  return `${temporalUiUrl}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}`;
}
