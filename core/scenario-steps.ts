import { maxBatchEvents, maxPartitionKeyLength, storableExtra } from './asset-event.ts';
import { parseInstant } from './dag-options.ts';
import { parseDuration } from './duration.ts';
import { isRecord, type JsonObject } from './json.ts';
import {
  type Fields,
  listed,
  onlyFields,
  parseCount,
  parseList,
  parseName,
  placeIn,
  refused,
  within,
} from './scenario-json.ts';
import type { ScenarioEvent, ScenarioStep } from './scenario.ts';

/** When a scenario begins. */
export const scenarioStartAt = Date.UTC(2026, 0, 1);
/** How long after the one before an event is recorded that says nothing else. */
const betweenEventsMs = 1_000;
/** The end of time, so that every instant can be written. */
const scenarioEndAt = Date.UTC(9999, 11, 31);

/** The time of a scenario, and whether something is recorded at it already. */
interface Clock {
  readonly now: number;
  readonly isTaken: boolean;
}

const marks = ['pause', 'unpause', 'manualRun', 'timeTick', 'deadline', 'register'] as const;
const kinds = ['event', 'batch', 'finishRun', ...marks, 'clear', 'advance'];
const eventFields = ['event', 'via', 'partition', 'extra', 'at'];

/**
 * The steps of a scenario, each event with its time.
 * @throws TidegateError `invalid_input` or `invalid_definition` naming the step that is not valid
 */
export function parseSteps(path: string, value: unknown): readonly ScenarioStep[] {
  let clock: Clock = { now: scenarioStartAt, isTaken: false };
  let isRegistered = false;
  return parseList(path, value, 'write a list of steps, such as [{"event": "orders"}]').map(
    (written, index) => {
      const parsed = parseStep(placeIn(path, index), written, clock);
      if (parsed.step.kind === 'register') {
        if (isRegistered)
          throw refused(placeIn(path, index), written, 'a consumer comes into being once: remove it');
        isRegistered = true;
      }
      clock = parsed.clock;
      return parsed.step;
    },
  );
}

interface Parsed<Part> {
  readonly step: Part;
  readonly clock: Clock;
}

function parseStep(path: string, written: unknown, clock: Clock): Parsed<ScenarioStep> {
  const named = isRecord(written) ? kinds.filter((kind) => kind in written) : [];
  const [kind] = named;
  if (!isRecord(written) || kind === undefined || named.length > 1)
    throw refused(path, written, `write an object with one of ${listed(kinds)}`);

  if (kind === 'event') {
    const { step, clock: then } = parseEvent(path, written, clock);
    return { step: { kind: 'record', events: [step] }, clock: then };
  }
  onlyFields(path, written, [kind]);
  const at = placeIn(path, kind);
  const value = written[kind];
  const mark = marks.find((one) => one === kind);
  if (mark !== undefined) {
    if (value !== true) throw refused(at, value, 'write true');
    if (mark === 'timeTick') return { step: { kind: mark, at: clock.now }, clock };
    // What is recorded behind a deadline is recorded later.
    if (mark === 'deadline')
      return { step: { kind: mark, at: clock.now }, clock: { ...clock, isTaken: true } };
    return { step: { kind: mark }, clock };
  }
  switch (kind) {
    case 'batch':
      return parseBatch(at, value, clock);
    case 'finishRun':
      return { step: { kind, count: parseCount(at, value) }, clock };
    case 'clear':
      if (value !== true && (typeof value !== 'string' || value === ''))
        throw refused(at, value, 'write the name of an asset or of an alias, or true to clear all');
      return { step: { kind, name: value === true ? null : value }, clock };
    default: {
      if (typeof value !== 'string' && typeof value !== 'number')
        throw refused(at, value, "write a duration, such as '10m'");
      const now = clock.now + within(at, () => parseDuration(value));
      if (now > scenarioEndAt)
        throw refused(at, value, 'the clock would pass the year 9999: advance it less');
      return { step: { kind: 'advance', to: now }, clock: { now, isTaken: false } };
    }
  }
}

/** All of a batch is recorded at one time, unless an event of it says otherwise. */
function parseBatch(path: string, value: unknown, clock: Clock): Parsed<ScenarioStep> {
  const written = parseList(path, value, 'write a list of events, such as ["orders", "rates"]');
  if (written.length === 0 || written.length > maxBatchEvents)
    throw refused(path, value, `it has ${written.length} events: write 1 to ${maxBatchEvents}`);
  let then: Clock = { now: nextAt(clock), isTaken: false };
  const events = written.map((one, index) => {
    const fields = isRecord(one) ? one : { event: one };
    const parsed = parseEvent(placeIn(path, index), fields, then);
    then = { ...parsed.clock, isTaken: false };
    return parsed.step;
  });
  return { step: { kind: 'record', events }, clock: { ...then, isTaken: true } };
}

function parseEvent(path: string, fields: Fields, clock: Clock): Parsed<ScenarioEvent> {
  onlyFields(path, fields, eventFields);
  const { event, via = [], partition = null, extra = {} } = fields;
  const asset = parseName(placeIn(path, 'event'), event, 'asset');
  const aliases = parseList(placeIn(path, 'via'), via, 'write a list of the names of aliases');
  if (partition !== null && (typeof partition !== 'string' || partition.length > maxPartitionKeyLength))
    throw refused(
      placeIn(path, 'partition'),
      partition,
      `write text of at most ${maxPartitionKeyLength} characters`,
    );
  const stored = parseExtra(placeIn(path, 'extra'), extra, asset);

  const at = fields['at'] === undefined ? nextAt(clock) : parseInstant(fields['at'], placeIn(path, 'at'));
  if (at < clock.now) {
    const now = new Date(clock.now).toISOString();
    throw refused(
      placeIn(path, 'at'),
      fields['at'],
      `it is before ${now}, which the steps above reach: time never goes back`,
    );
  }
  const names = aliases.map((name, index) => parseName(placeIn(placeIn(path, 'via'), index), name, 'alias'));
  return { step: { asset, via: names, partition, extra: stored, at }, clock: { now: at, isTaken: true } };
}

function nextAt({ now, isTaken }: Clock): number {
  return isTaken ? now + betweenEventsMs : now;
}

/** What could not be recorded is refused here too. */
function parseExtra(path: string, extra: unknown, asset: string): JsonObject {
  if (!isRecord(extra)) throw refused(path, extra, 'write a JSON object');
  const stored: JsonObject = JSON.parse(within(path, () => storableExtra(extra, asset)));
  return stored;
}
