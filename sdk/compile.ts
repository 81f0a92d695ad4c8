import { TidegateError } from '../core/errors.ts';
import { mapLeaves } from '../core/condition.ts';
import { parseCatchup } from '../core/catch-up.ts';
import { parseDagId, quote } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { invalidOption } from '../core/invalid-option.ts';
import { parseInstant, parseMaxActiveRuns, parseStartFrom, parseWhilePaused } from '../core/dag-options.ts';
import { parseGateTerms } from '../core/gate-options.ts';
import { parseDuration } from '../core/duration.ts';
import type { PoolUse } from '../core/pool.ts';
import { paramsOfKey, parsePoolUse } from '../core/pool-options.ts';
import { parseQueueLimit } from '../core/queue-limit.ts';
import { type DagPlan, maxPendingTasks, type RunPlan } from '../core/run-plan.ts';
import { isCount } from '../core/whole-number.ts';
import { compileFlight } from './compile-flight.ts';
import { compileOutlets } from './compile-outlets.ts';
import { compileTasks } from './compile-tasks.ts';
import type { DagDefinition } from './dag.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { toJsonSchema } from './json-schema.ts';
import { parseTime, partsOfSchedule } from './schedule.ts';
import { isAsset, sourceOf } from './source.ts';
import { parseTags } from './tags.ts';
import { paramsIn } from './templated.ts';

/** Largest plan of one DAG, as JSON: it travels in the input of every run. */
export const maxPlanBytes = 512 * 1_024;

/**
 * What is deployed for a DAG: plain JSON, the same for the same definition.
 * @param file - where it was defined, relative to the project
 * @throws TidegateError `invalid_definition` naming the DAG and its place when anything in it is not valid
 */
export function compileDag(definition: DagDefinition, file: string): DagPlan {
  try {
    return compile(definition, file);
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    throw new TidegateError(
      'invalid_definition',
      `DAG '${definition.id}' (${definition.place}): ${error.message}`,
      { cause: error },
    );
  }
}

function compile(definition: DagDefinition, file: string): DagPlan {
  const { options } = definition;
  const { condition, cron, requestedRunsConsume, ticksWait } = partsOfSchedule(options.schedule);
  const waited = condition === null ? null : mapLeaves(condition, sourceOf);
  const { deadline: onMissing, ...terms } = parseGateTerms({ ...options, ticksWait }, waited);
  const outlets = compileOutlets(options.outlets ?? []);
  const tasks = compileTasks(definition);
  const pool = parsePoolUse(options.pool);
  requireParams(definition);
  requireParamsOfKeys(definition, [pool, ...tasks.tasks.map((task) => task.pool)]);
  const paramsSchema = toJsonSchema(options.params, 'params');
  if (cron !== null || condition !== null) requireDefaults(paramsSchema);
  const maxQueuedRuns = parseQueueLimit(options.maxQueuedRuns);
  const ofDeadline =
    onMissing === undefined || options.deadline === undefined
      ? {}
      : { deadline: { cron: parseTime(options.deadline), onMissing } };
  const starts = { ...terms, cron, ...(ticksWait === true ? { ticksWait } : {}), ...ofDeadline };
  const plan: DagPlan = {
    dagId: parseDagId(definition.id),
    description: options.description ?? '',
    tags: parseTags(options.tags ?? []),
    file,
    ...parsePeriod(options, cron !== null),
    ...terms,
    ...ofDeadline,
    cron,
    requestedRunsConsume,
    ...(ticksWait === true ? { ticksWait } : {}),
    maxActiveRuns: parseMaxActiveRuns(options.maxActiveRuns),
    ...(maxQueuedRuns === undefined ? {} : { maxQueuedRuns }),
    ...compileFlight(definition, starts),
    whilePaused: parseWhilePaused(options.whilePaused),
    startFrom: parseStartFrom(options.startFrom),
    paramsSchema,
    run: {
      ...tasks,
      ...(outlets.length === 0 ? {} : { outlets }),
      ...(pool === undefined ? {} : { pool }),
      ...parseLimits(options),
    },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(plan)).length;
  if (bytes > maxPlanBytes) {
    throw refused(
      `its plan is ${bytes} bytes as JSON, ${maxPlanBytes} are allowed: split it into several DAGs`,
    );
  }
  return plan;
}

/** @throws TidegateError `invalid_definition` when a templated outlet or inlet needs a parameter that the DAG does not take */
function requireParams({ options: { params }, tasks }: DagDefinition): void {
  const known = Object.keys(params?.shape ?? {});
  for (const task of params === undefined ? [] : tasks) {
    for (const { name, template } of [...task.outlets, ...task.inlets].filter(isAsset)) {
      const unknown = (template === undefined ? [] : paramsIn(template)).find(
        (param) => !known.includes(param),
      );
      if (unknown !== undefined) {
        throw refused(
          `task '${task.id}' (${task.place}): template ${quote(name)} needs unknown parameter '${unknown}': ${didYouMean(unknown, known)}`,
        );
      }
    }
  }
}

/** @throws TidegateError `invalid_definition` when the key of a pool needs a parameter that the DAG does not take */
function requireParamsOfKeys(
  { options: { params } }: DagDefinition,
  uses: readonly (PoolUse | undefined)[],
): void {
  const known = Object.keys(params?.shape ?? {});
  for (const use of uses) {
    const unknown = use && paramsOfKey(use).find((param) => !known.includes(param));
    if (params === undefined || unknown === undefined) continue;
    throw refused(
      `pool key ${quote(use?.key ?? '')} needs unknown parameter '${unknown}': ${didYouMean(unknown, known)}`,
    );
  }
}

/** @throws TidegateError `invalid_definition` when runs that nobody gives anything lack a parameter */
function requireDefaults(schema: JsonObject | null): void {
  const required = schema?.['required'];
  if (!Array.isArray(required) || required.length === 0) return;
  throw refused(
    `params: ${required.map((name) => quote(String(name))).join(', ')} must be given, and runs that its schedule starts are given nothing: add .default(…) or .optional()`,
  );
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}

/** What one run may take. */
function parseLimits({
  maxActiveTasks,
  runTimeout,
}: DagDefinition['options']): Pick<RunPlan, 'maxActiveTasks' | 'timeoutMs'> {
  if (maxActiveTasks !== undefined && !isCount(maxActiveTasks, maxPendingTasks))
    throw invalidOption('maxActiveTasks', maxActiveTasks, `use a whole number from 1 to ${maxPendingTasks}`);
  return {
    ...(maxActiveTasks === undefined ? {} : { maxActiveTasks }),
    ...(runTimeout === undefined ? {} : { timeoutMs: parseDuration(runTimeout) }),
  };
}

/** Between which times its schedule ticks, and what becomes of ticks that were missed. */
function parsePeriod(
  { startDate, endDate, catchup }: DagDefinition['options'],
  hasCron: boolean,
): Pick<DagPlan, 'startAt' | 'endAt' | 'catchup'> {
  const startAt = startDate === undefined ? null : parseInstant(startDate, 'startDate');
  const endAt = endDate === undefined ? undefined : parseInstant(endDate, 'endDate');
  if (endAt !== undefined && endAt <= (startAt ?? Number.NEGATIVE_INFINITY))
    throw invalidOption('endDate', endDate, 'it is not behind startDate: give a later one');
  const policy = parseCatchup(catchup);
  if (policy !== undefined && !hasCron)
    throw invalidOption('catchup', catchup, 'the DAG has no schedule by time: leave it out');
  return {
    startAt,
    ...(endAt === undefined ? {} : { endAt }),
    ...(policy === undefined ? {} : { catchup: policy }),
  };
}
