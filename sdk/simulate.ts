import { mapLeaves } from '../core/condition.ts';
import { isRecord } from '../core/json.ts';
import { parseTerms } from '../core/parse-scenario.ts';
import { TidegateError } from '../core/errors.ts';
import { type ParsedSchedule, parseScenarioAsset, parseWholeSchedule } from '../core/scenario-schedule.ts';
import { type Source, titleOf } from '../core/source.ts';
import { parseSteps } from '../core/scenario-steps.ts';
import type { ScenarioOptions, ScheduleJson, StepJson } from '../core/scenario.ts';
import { simulate as play } from '../core/simulate.ts';
import type { SimulationResult } from '../core/simulated-run.ts';
import { isBranded } from './brand.ts';
import { isCron } from './cron.ts';
import { partsOfSchedule, type ScheduleInput } from './schedule.ts';
import { type AnyLeaf, type AnySource, isLeaf, isSource, sourceOf } from './source.ts';

/** A step of a simulation: as in a scenario file, where an asset or alias itself may stand for its name. */
export type SimulationStep = StepJson<AnySource | string>;

/**
 * Plays what happens to a consumer, without servers, and says which runs it starts. The decisions are those of a deployed DAG.
 * @example
 * ```ts
 * import { all, asset, simulate } from 'tidegate';
 *
 * const [orders, rates] = [asset('orders'), asset('rates')];
 * const { runs, pending } = simulate(all(orders, rates), [{ event: orders }, { event: rates }, { event: rates }]);
 * console.log(runs[0]?.events, pending); // [ 'orders#1', 'rates#1' ] [ 'rates' ]
 * ```
 * @param schedule - as a DAG has it, or as a scenario file has it
 * @throws TidegateError `invalid_input` or `invalid_definition` naming the part that is not valid, its value and the remedy
 */
export function simulate(
  schedule: ScheduleInput | ScheduleJson,
  steps: readonly SimulationStep[],
  options: ScenarioOptions = {},
): SimulationResult {
  const { requestedRunsConsume, ...waited } = conditionOf(schedule);
  return play({
    ...parseTerms({ ...options }, waited),
    requestedRunsConsume,
    steps: parseSteps('steps', named(steps)),
  });
}

function conditionOf(schedule: ScheduleInput | ScheduleJson): ParsedSchedule {
  if (!isScheduleInput(schedule)) return parseWholeSchedule('schedule', schedule);
  const { condition, cron: _, ...rest } = partsOfSchedule(schedule);
  return { ...rest, condition: condition === null ? null : mapLeaves(condition, playable) };
}

/** Assets of a scenario go by their names, so a reference is one. Which assets a selector selects, no scenario says. */
function playable(leaf: AnyLeaf): Source {
  const source = sourceOf(leaf);
  if (source.kind === 'ref') return parseScenarioAsset(source.name);
  // What comes through a template is written as what comes through an alias.
  if (source.kind === 'template') return { kind: 'alias', name: source.name };
  if (source.kind !== 'selector') return source;
  throw new TidegateError(
    'invalid_definition',
    `${titleOf(source)} cannot be played: write the assets that it selects`,
  );
}

/** Whether a schedule is written in the functions of the sdk; else it is JSON. */
function isScheduleInput(schedule: ScheduleInput | ScheduleJson): schedule is ScheduleInput {
  if (Array.isArray(schedule)) return schedule.some(isScheduleInput);
  if (isLeaf(schedule) || isCron(schedule)) return true;
  if (isBranded(schedule, 'assetOrTime') || isBranded(schedule, 'assetAndTime')) return true;
  return isRecord(schedule) && 'kind' in schedule;
}

/** Steps with the names of assets and aliases instead of themselves. Authors may write plain JavaScript, so any value may come. */
function named(value: unknown): unknown {
  if (isSource(value)) return value.name;
  if (Array.isArray(value)) return value.map(named);
  if (!isRecord(value) || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, key === 'extra' ? part : named(part)]),
  );
}
