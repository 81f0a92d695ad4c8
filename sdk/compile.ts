import { TidegateError } from '../core/errors.ts';
import { mapLeaves } from '../core/condition.ts';
import type { AssetRef } from '../core/asset-uri.ts';
import { parseDagId } from '../core/ids.ts';
import { type DagPlan, defaultMaxActiveRuns, type StartFrom, type WhilePaused } from '../core/run-plan.ts';
import type { AnyAsset } from './asset.ts';
import { compileTasks } from './compile-tasks.ts';
import type { DagDefinition, DagOptions } from './dag.ts';
import { toJsonSchema } from './json-schema.ts';
import { partsOfSchedule } from './schedule.ts';

/** Largest plan of one DAG, as JSON: it travels in the input of every run. */
export const maxPlanBytes = 512 * 1_024;
const maxActiveRunsLimit = 1_000;
const isoDate = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

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
  const { condition, cron, requestedRunsConsume } = partsOfSchedule(options.schedule);
  const plan: DagPlan = {
    dagId: parseDagId(definition.id),
    description: options.description ?? '',
    tags: parseTags(options.tags ?? []),
    file,
    startAt: options.startDate === undefined ? null : parseInstant('startDate', options.startDate),
    condition: condition === null ? null : mapLeaves(condition, refOf),
    cron,
    requestedRunsConsume,
    maxActiveRuns: parseMaxActiveRuns(options),
    whilePaused: parseWhilePaused(options),
    startFrom: parseStartFrom(options),
    paramsSchema: toJsonSchema(options.params, 'params'),
    run: { tasks: compileTasks(definition) },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(plan)).length;
  if (bytes > maxPlanBytes) {
    throw refused(
      `its plan is ${bytes} bytes as JSON, ${maxPlanBytes} are allowed: split it into several DAGs`,
    );
  }
  return plan;
}

/** The pair that identifies an asset, without what else is known about it. */
export function refOf({ name, uri }: AnyAsset): AssetRef {
  return { name, uri };
}

function parseTags(tags: readonly string[]): readonly string[] {
  const bad = tags.find((tag) => typeof tag !== 'string' || tag.trim() === '' || tag.length > 100);
  if (bad !== undefined) throw refused(`tag ${JSON.stringify(bad)} is not valid: use 1 to 100 characters`);
  return [...new Set(tags)];
}

function parseMaxActiveRuns({ maxActiveRuns = defaultMaxActiveRuns }: DagOptions): number {
  if (Number.isInteger(maxActiveRuns) && maxActiveRuns >= 1 && maxActiveRuns <= maxActiveRunsLimit)
    return maxActiveRuns;
  throw refused(
    `maxActiveRuns ${String(maxActiveRuns)} is not valid: use a whole number from 1 to ${maxActiveRunsLimit}`,
  );
}

function parseWhilePaused({ whilePaused = 'keep' }: DagOptions): WhilePaused {
  if (whilePaused === 'keep' || whilePaused === 'ignore') return whilePaused;
  throw refused(`whilePaused ${JSON.stringify(whilePaused)} is not valid: use 'keep' or 'ignore'`);
}

function parseStartFrom({ startFrom = 'now' }: DagOptions): StartFrom {
  return startFrom === 'now' || startFrom === 'earliest' ? startFrom : parseInstant('startFrom', startFrom);
}

/** Instants without an offset are refused: they would mean another time on another machine. */
function parseInstant(option: string, instant: string | Date): number {
  const text = typeof instant === 'string' ? instant : '';
  const at =
    typeof instant === 'string' ? (isoDate.test(text) ? Date.parse(text) : Number.NaN) : instant.getTime();
  // Date.parse moves 30 February into March.
  const isCalendarDay = new Date(Date.parse(text.slice(0, 10))).toJSON()?.startsWith(text.slice(0, 10));
  if (!Number.isNaN(at) && (text === '' || isCalendarDay)) return at;
  throw refused(
    `${option} ${JSON.stringify(instant)} is not valid: write '2024-01-01' (UTC) or '2024-01-01T06:00:00+01:00'`,
  );
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
