import { createHash } from 'node:crypto';
import type { Condition } from '../../core/condition.ts';
import type { DagId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { maxPendingTasks, type TaskPlan } from '../../core/run-plan.ts';
import { defaultLevel } from '../../core/task-priority.ts';
import {
  type AssetSource,
  isAssetSource,
  isPassage,
  type PassageSource,
  type Source,
} from '../../core/source.ts';
import type { Tick } from '../../store/ticks.ts';
import type { DagRecord } from '../../store/dag-queries.ts';
import type { Dag, DagDetails, DagVersion, Task } from '../contract/dags.ts';
import type { NextRun } from '../contract/next-runs.ts';
import { toInstant, toOptionalInstant } from './instants.ts';

export function toDag(dag: DagRecord): Dag {
  const { dag_id, plan, file, retired_at } = dag;
  return {
    dag_id,
    dag_display_name: dag_id,
    is_paused: dag.is_paused,
    paused_by: dag.is_paused ? (dag.paused_by ?? 'dag') : null,
    is_stale: retired_at !== null,
    last_parsed_time: toInstant(dag.updated_at),
    last_expired: toOptionalInstant(retired_at),
    bundle_name: null,
    bundle_version: null,
    relative_fileloc: file,
    fileloc: file,
    description: plan.description === '' ? null : plan.description,
    ...timetableOf(dag),
    tags: plan.tags.map((name) => ({ name, dag_id, dag_display_name: dag_id })),
    max_active_tasks: dag.max_active_tasks ?? maxPendingTasks,
    max_active_runs: plan.maxActiveRuns,
    max_consecutive_failed_dag_runs: 0,
    has_task_concurrency_limits: false,
    has_import_errors: dag.has_import_errors,
    next_dagrun_logical_date: toOptionalInstant(dag.next_time_at),
    next_dagrun_data_interval_start: null,
    next_dagrun_data_interval_end: toOptionalInstant(dag.next_time_at),
    next_dagrun_run_after: toOptionalInstant(dag.next_time_at),
    owners: [],
    file_token: file,
    has_asset_schedule: plan.condition !== null,
    version: dag.version,
  };
}

export function toNextRun({ nominalAt, previousAt }: Tick): NextRun {
  return {
    logical_date: toInstant(nominalAt),
    data_interval_start: toOptionalInstant(previousAt),
    data_interval_end: toInstant(nominalAt),
  };
}

export function toDagDetails(dag: DagRecord): DagDetails {
  const { plan } = dag;
  return {
    ...toDag(dag),
    catchup: plan.catchup !== undefined,
    catchup_policy: plan.catchup ?? 'none',
    dag_run_timeout: dag.run_timeout_ms === null ? null : `PT${dag.run_timeout_ms / 1_000}S`,
    asset_expression: plan.condition === null ? null : toAssetExpression(plan.condition),
    max_queued_runs: plan.maxQueuedRuns ?? null,
    single_flight: toSingleFlight(plan),
    doc_md: plan.description === '' ? null : plan.description,
    start_date: toOptionalInstant(plan.startAt),
    end_date: toOptionalInstant(plan.endAt ?? null),
    is_paused_upon_creation: false,
    params: plan.paramsSchema,
    render_template_as_native_obj: false,
    template_search_path: null,
    timezone: plan.cron?.timezone ?? 'UTC',
    last_parsed: toInstant(dag.updated_at),
    default_args: null,
    owner_links: null,
    concurrency: dag.max_active_tasks ?? maxPendingTasks,
    latest_dag_version: toDagVersion(dag.dag_id, dag.version, dag.version_created_at),
    deadline:
      plan.deadline === undefined
        ? null
        : {
            cron: plan.deadline.cron.expression,
            timezone: plan.deadline.cron.timezone,
            on_missing: plan.deadline.onMissing,
          },
    outlets: dag.outlets.map(({ asset: { name, uri } }) => ({ name, uri })),
  };
}

function toSingleFlight({ singleFlight }: DagRecord['plan']): DagDetails['single_flight'] {
  if (singleFlight === undefined) return null;
  const { key, policy } = singleFlight;
  return { key, policy };
}

export function toDagVersion(dagId: DagId, version: number, createdAt: Date): DagVersion {
  return {
    id: uuidOf(`${dagId}/${version}`),
    version_number: version,
    dag_id: dagId,
    bundle_name: null,
    bundle_version: null,
    bundle_url: null,
    created_at: toInstant(createdAt),
    dag_display_name: dagId,
  };
}

export function toTasks(tasks: readonly TaskPlan[]): Task[] {
  const downstream = new Map<string, string[]>(tasks.map(({ id }) => [id, []]));
  for (const { id, needs } of tasks) for (const need of needs) downstream.get(need)?.push(id);
  return tasks.map((task) => toTask(task, downstream.get(task.id) ?? []));
}

function toTask(task: TaskPlan, downstream: string[]): Task {
  return {
    task_id: task.id,
    task_display_name: task.id,
    owner: null,
    start_date: null,
    end_date: null,
    trigger_rule: task.triggerRule,
    depends_on_past: false,
    wait_for_downstream: false,
    retries: task.retries.max,
    queue: task.taskQueue,
    pool: null,
    pool_slots: null,
    execution_timeout: task.timeoutMs === null ? null : toTimeDelta(task.timeoutMs),
    retry_delay: toTimeDelta(task.retries.initialMs),
    retry_exponential_backoff: task.retries.factor > 1,
    priority_weight: null,
    priority: task.priority?.level ?? defaultLevel,
    fairness_key: task.priority?.fairnessKey ?? null,
    weight_rule: null,
    ui_color: null,
    ui_fgcolor: null,
    template_fields: [],
    downstream_task_ids: downstream,
    upstream_task_ids: [...task.needs],
    doc_md: null,
    operator_name: task.shape?.kind ?? 'task',
    params: null,
    class_ref: null,
    is_mapped: task.shape?.kind === 'mapped',
    task_group_id: task.group ?? null,
    teardown_of: [...(task.teardownOf ?? [])],
    extra_links: [],
    outlets: task.outlets.map(toTaskAsset),
    inlets: task.inlets.map(toTaskAsset),
  };
}

function timetableOf({ plan: { condition, cron, ticksWait } }: DagRecord) {
  const parts = [...(condition === null ? [] : ['Asset']), ...(cron === null ? [] : [cron.expression])];
  const summary = parts.length === 0 ? null : parts.join(ticksWait === true ? ' and ' : ' or ');
  const zone = cron === null ? '' : ` (${cron.timezone})`;
  const description = summary === null ? 'Never, external triggers only' : `${summary}${zone}`;
  return { timetable_summary: summary, timetable_description: description };
}

function toTaskAsset(source: Source): Task['outlets'][number] {
  if (isAssetSource(source)) return { name: source.name, uri: source.uri };
  if (source.kind === 'template') return { template: source.name };
  return source.kind === 'alias' ? { alias: source.name } : { asset_ref: refTo(source) };
}

function toAssetExpression(condition: Condition<Source>): JsonObject {
  if (condition.kind === 'asset') {
    return {
      ...toSourceExpression(condition.asset),
      ...(condition.count === undefined ? {} : { count: condition.count }),
    };
  }
  const of = condition.of.map(toAssetExpression);
  return condition.kind === 'atLeast'
    ? { at_least: { count: condition.count, of } }
    : { [condition.kind]: of };
}

function toSourceExpression(source: Source): JsonObject {
  const { name } = source;
  if (isAssetSource(source)) return { asset: { name, uri: source.uri } };
  if (isPassage(source)) return { [source.kind]: { name } };
  return source.kind === 'selector' ? { selector: { [source.by]: name } } : { asset_ref: refTo(source) };
}

/** What a reference, or an outlet by one, names. */
function refTo({ by, name }: Exclude<Source, AssetSource | PassageSource>) {
  return by === 'uri' ? { uri: name } : { name };
}

function toTimeDelta(ms: number): NonNullable<Task['execution_timeout']> {
  const days = Math.floor(ms / 86_400_000);
  const seconds = Math.floor((ms % 86_400_000) / 1_000);
  return { __type: 'TimeDelta', days, seconds, microseconds: (ms % 1_000) * 1_000 };
}

function uuidOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
