import { z } from 'zod';
import { limitParameter, offsetParameter, orderBy, totalEntries } from './page.ts';
import { Flag, Instant, JsonObject, QueryText, TextList } from './scalars.ts';

/** A word people find DAGs by. */
export const DagTag = z
  .object({ name: z.string(), dag_id: z.string(), dag_display_name: z.string() })
  .meta({ id: 'DagTag' });

/** One deployed definition of a DAG. */
export const DagVersion = z
  .object({
    /** Made of the DAG's id and the number, so it is the same everywhere. */
    id: z.string(),
    version_number: z.int(),
    dag_id: z.string(),
    bundle_name: z.null(),
    bundle_version: z.null(),
    bundle_url: z.null(),
    created_at: Instant,
    dag_display_name: z.string(),
  })
  .meta({ id: 'DagVersion' });
export type DagVersion = z.infer<typeof DagVersion>;

/** A DAG in a list. Fields that say "always" exist for Airflow's clients. */
export const Dag = z
  .object({
    dag_id: z.string(),
    /** Always the id. */
    dag_display_name: z.string(),
    is_paused: z.boolean(),
    /** Whose pause it is: its own, or that of the whole project; null while it is not paused. */
    paused_by: z.enum(['dag', 'project']).nullable(),
    /** Whether the DAG was removed from the project. */
    is_stale: z.boolean(),
    last_parsed_time: Instant,
    last_expired: Instant.nullable(),
    bundle_name: z.null(),
    bundle_version: z.null(),
    relative_fileloc: z.string(),
    fileloc: z.string(),
    description: z.string().nullable(),
    timetable_summary: z.string().nullable(),
    timetable_description: z.string().nullable(),
    tags: z.array(DagTag),
    max_active_tasks: z.int(),
    max_active_runs: z.int(),
    /** Always 0: no limit. */
    max_consecutive_failed_dag_runs: z.int(),
    /** Always false. */
    has_task_concurrency_limits: z.boolean(),
    has_import_errors: z.boolean(),
    /** The next time of its schedule, as Temporal has it; null while it is paused, or where there is none. */
    next_dagrun_logical_date: Instant.nullable(),
    /** Always null. */
    next_dagrun_data_interval_start: z.null(),
    next_dagrun_data_interval_end: Instant.nullable(),
    next_dagrun_run_after: Instant.nullable(),
    /** Always empty. */
    owners: z.array(z.string()),
    /** Always the file. */
    file_token: z.string(),
    /** Whether updates of assets start it. */
    has_asset_schedule: z.boolean(),
    version: z.int(),
  })
  .meta({ id: 'Dag' });
export type Dag = z.infer<typeof Dag>;

/** A DAG with all of its definition but the tasks. */
export const DagDetails = Dag.extend({
  /** Whether some of the times that passed without a run still get one; `catchup_policy` says which. */
  catchup: z.boolean(),
  /** `none`, `latest`, or how many of the last. */
  catchup_policy: z.union([z.enum(['none', 'latest']), z.int()]),
  /** In ISO 8601, such as `PT600S`; null is no limit. */
  dag_run_timeout: z.string().nullable(),
  /**
   * The condition in Airflow's spelling: `{"all": […]}`, `{"any": […]}`, `{"asset": {…}}`. What Airflow lacks is added to it:
   * `{"at_least": {"count": 2, "of": […]}}`, and `"count"` beside an `"asset"` that takes several updates.
   */
  asset_expression: JsonObject.nullable(),
  /** Times by which a run by events has to have begun, and what happens when none has; null where there are none. */
  deadline: z
    .object({ cron: z.string(), timezone: z.string(), on_missing: z.enum(['run', 'skip', 'alert']) })
    .nullable(),
  /** How many requested runs may wait for a slot, and what becomes of the next one; null is no limit. */
  max_queued_runs: z.object({ max: z.int(), policy: z.enum(['reject', 'drop_oldest', 'fold']) }).nullable(),
  /** Of which runs only one goes on at a time: by the template of its key, empty for the whole DAG; null is of none. */
  single_flight: z
    .object({ key: z.string(), policy: z.enum(['skip', 'queue', 'cancel_running']) })
    .nullable(),
  doc_md: z.string().nullable(),
  start_date: Instant.nullable(),
  end_date: Instant.nullable(),
  is_paused_upon_creation: z.boolean().nullable(),
  /** JSON Schema of `conf`. */
  params: JsonObject.nullable(),
  render_template_as_native_obj: z.boolean(),
  template_search_path: z.null(),
  timezone: z.string().nullable(),
  last_parsed: Instant,
  default_args: z.null(),
  owner_links: z.null(),
  concurrency: z.int(),
  latest_dag_version: DagVersion,
  /** Assets that its runs update as a whole. */
  outlets: z.array(z.object({ name: z.string(), uri: z.string() })),
}).meta({ id: 'DagDetails' });
export type DagDetails = z.infer<typeof DagDetails>;

/** A page of DAGs. */
export const DagCollection = z
  .object({ dags: z.array(Dag), total_entries: totalEntries })
  .meta({ id: 'DagCollection' });
export type DagCollection = z.infer<typeof DagCollection>;

/** Query of `GET /api/v2/dags`. */
export const DagQuery = z.object({
  limit: limitParameter,
  offset: offsetParameter,
  order_by: orderBy(['dag_id', 'dag_display_name', 'is_paused', 'last_parsed_time'], 'dag_id'),
  /** Part of the id; `%` and `_` are wildcards, case does not matter. */
  dag_id_pattern: QueryText.optional(),
  dag_display_name_pattern: QueryText.optional(),
  tags: TextList.optional(),
  tags_match_mode: z.enum(['any', 'all']).default('any'),
  paused: Flag.optional(),
  /** Whether to leave out DAGs that were removed. */
  exclude_stale: Flag.default(true).meta({ type: 'boolean', default: true }),
  has_import_errors: Flag.optional(),
  has_asset_schedule: Flag.optional(),
  /** Part of the name or URI of an asset in the condition. */
  asset_dependency: QueryText.optional(),
});

/** Body of `PATCH /api/v2/dags/{dag_id}`. */
export const PatchDag = z.strictObject({ is_paused: z.boolean() }).meta({ id: 'PatchDag' });
export type PatchDag = z.input<typeof PatchDag>;

/** A span of time as Airflow writes it. */
export const TimeDelta = z
  .object({ __type: z.literal('TimeDelta'), days: z.int(), seconds: z.int(), microseconds: z.int() })
  .meta({ id: 'TimeDelta' });

/** What a task updates or reads: an asset, what comes through an alias or is an instance of a template, or the active asset of a name or URI. */
const TaskAsset = z.union([
  z.object({ name: z.string(), uri: z.string() }),
  z.object({ alias: z.string() }),
  z.object({ template: z.string() }),
  z.object({ asset_ref: z.union([z.object({ name: z.string() }), z.object({ uri: z.string() })]) }),
]);

/** A task of a DAG's latest definition. */
export const Task = z
  .object({
    task_id: z.string(),
    task_display_name: z.string(),
    /** Always null. */
    owner: z.null(),
    start_date: z.null(),
    end_date: z.null(),
    trigger_rule: z.string(),
    depends_on_past: z.boolean(),
    wait_for_downstream: z.boolean(),
    /** Tries after the first one. */
    retries: z.int(),
    /** Task queue; null is the project's own. */
    queue: z.string().nullable(),
    pool: z.null(),
    pool_slots: z.null(),
    execution_timeout: TimeDelta.nullable(),
    retry_delay: TimeDelta,
    retry_exponential_backoff: z.boolean(),
    priority_weight: z.null(),
    /** Which of the tasks that wait for a worker goes first: 1 before all others, 5 behind them. */
    priority: z.int(),
    /** By what tasks of one priority take turns; null where all have one key. */
    fairness_key: z.string().nullable(),
    weight_rule: z.null(),
    ui_color: z.null(),
    ui_fgcolor: z.null(),
    template_fields: z.array(z.string()),
    downstream_task_ids: z.array(z.string()),
    upstream_task_ids: z.array(z.string()),
    doc_md: z.null(),
    /** `task`, or what is special about it: `mapped`, `branch`, `short_circuit`, `wait`, `poke`. */
    operator_name: z.string(),
    params: z.null(),
    class_ref: z.null(),
    is_mapped: z.boolean(),
    /** Path of the group it was defined in; null outside of groups. */
    task_group_id: z.string().nullable(),
    /** Set-up tasks that it tears down. */
    teardown_of: z.array(z.string()),
    extra_links: z.array(z.string()),
    outlets: z.array(TaskAsset),
    inlets: z.array(TaskAsset),
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof Task>;

/** All tasks of a DAG, in an order in which each comes after those it needs. */
export const TaskCollection = z
  .object({ tasks: z.array(Task), total_entries: totalEntries })
  .meta({ id: 'TaskCollection' });
export type TaskCollection = z.infer<typeof TaskCollection>;
