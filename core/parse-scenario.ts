import { parseMaxActiveRuns, parseStartFrom, parseWhilePaused } from './dag-options.ts';
import { isRecord } from './json.ts';
import { type Fields, onlyFields, placeIn, refused } from './scenario-json.ts';
import { parseSchedule } from './scenario-schedule.ts';
import { parseSteps } from './scenario-steps.ts';
import type { Scenario } from './scenario.ts';

/** What a scenario says about the runs of its consumer. */
export type ScenarioTerms = Pick<Scenario, 'maxActiveRuns' | 'whilePaused' | 'startFrom'>;

const optionNames = ['maxActiveRuns', 'whilePaused', 'startFrom', 'partitioned', 'batch'];

/**
 * A scenario that was written as JSON.
 * @param path - where it stands in what holds it; empty when it stands by itself
 * @throws TidegateError `invalid_input` or `invalid_definition` naming the part that is not valid, its value and the remedy
 */
export function parseScenario(value: unknown, path = ''): Scenario {
  if (!isRecord(value) || !('schedule' in value) || !('steps' in value))
    throw refused(path, value, 'write an object with "schedule" and "steps"');
  const { schedule, steps, ...options } = value;
  onlyFields(path, value, ['schedule', 'steps', ...optionNames]);
  return {
    condition: parseSchedule(placeIn(path, 'schedule'), schedule),
    requestedRunsConsume: false,
    ...parseTerms(options, path),
    steps: parseSteps(placeIn(path, 'steps'), steps),
  };
}

/** @throws TidegateError `invalid_input` or `invalid_definition` naming the option that is not valid or not known */
export function parseTerms(options: Fields, path = ''): ScenarioTerms {
  onlyFields(path, options, optionNames);
  const { maxActiveRuns, whilePaused, startFrom, partitioned = false, batch = 'all' } = options;
  if (partitioned !== false) throw unsupported(placeIn(path, 'partitioned'), partitioned, 'false');
  if (batch !== 'all') throw unsupported(placeIn(path, 'batch'), batch, '"all"');
  return {
    maxActiveRuns: parseMaxActiveRuns(maxActiveRuns, placeIn(path, 'maxActiveRuns')),
    whilePaused: parseWhilePaused(whilePaused, placeIn(path, 'whilePaused')),
    startFrom: parseStartFrom(startFrom, placeIn(path, 'startFrom')),
  };
}

function unsupported(path: string, value: unknown, only: string): Error {
  return refused(path, value, `it is not supported by this version: write ${only}, or leave it out`);
}
