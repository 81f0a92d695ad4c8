import { parseMaxActiveRuns, parseStartFrom, parseWhilePaused } from './dag-options.ts';
import type { Condition } from './condition.ts';
import { parseGateTerms } from './gate-options.ts';
import { isRecord } from './json.ts';
import { type Fields, onlyFields, placeIn, refused } from './scenario-json.ts';
import { parseWholeSchedule } from './scenario-schedule.ts';
import { parseSteps } from './scenario-steps.ts';
import type { Scenario } from './scenario.ts';

/** What a scenario says about the runs of its consumer. */
export type ScenarioTerms = Pick<
  Scenario,
  'maxActiveRuns' | 'whilePaused' | 'startFrom' | 'settle' | 'partitions' | 'ticksWait' | 'takes' | 'deadline'
>;

const optionNames = [
  'maxActiveRuns',
  'whilePaused',
  'startFrom',
  'within',
  'settle',
  'partitioned',
  'partitions',
  'batch',
  'deadline',
];

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
  const { condition, requestedRunsConsume, ticksWait } = parseWholeSchedule(
    placeIn(path, 'schedule'),
    schedule,
  );
  return {
    requestedRunsConsume,
    ...parseTerms(options, { condition, ticksWait }, path),
    steps: parseSteps(placeIn(path, 'steps'), steps),
  };
}

/** @throws TidegateError `invalid_input` or `invalid_definition` naming the option that is not valid or not known */
export function parseTerms<Leaf>(
  options: Fields,
  {
    condition,
    ticksWait,
  }: { readonly condition: Condition<Leaf> | null; readonly ticksWait?: true | undefined },
  path = '',
): ScenarioTerms & { readonly condition: Condition<Leaf> | null } {
  onlyFields(path, options, optionNames);
  const { maxActiveRuns, whilePaused, startFrom } = options;
  return {
    ...(ticksWait === true ? { ticksWait } : {}),
    ...parseGateTerms({ ...options, ticksWait }, condition, (name) => placeIn(path, name)),
    maxActiveRuns: parseMaxActiveRuns(maxActiveRuns, placeIn(path, 'maxActiveRuns')),
    whilePaused: parseWhilePaused(whilePaused, placeIn(path, 'whilePaused')),
    startFrom: parseStartFrom(startFrom, placeIn(path, 'startFrom')),
  };
}
