import { isRecord } from './json.ts';
import { defaultOutputFormats, parseKeys, parseTimeFormat } from './partition-json.ts';
import { maxTargetKeys, targetKeys } from './partition-keys.ts';
import {
  type FanOutMapper,
  type InSegments,
  type InTime,
  isInTime,
  type PartitionMapper,
  type RollUpMapper,
  type StartOfMapper,
} from './partition-mapper.ts';
import { partOf } from './partition-period.ts';
import { type Fields, listed, onlyFields, parseCount, placeIn, refused } from './scenario-json.ts';
import { isReadable, tells } from './time-format.ts';
import { calendarUnits, type ClockUnit, isCalendarUnit } from './wall-time.ts';

/** As many as Airflow lets a fan-out make. */
const defaultMaxKeys = 1_000;

/**
 * The fan-out of these fields. Without a `window` it is to the parts of the unit that its mapper begins.
 * @throws TidegateError `invalid_input` or `invalid_definition` naming the part that is not valid
 */
export function parseFanOut(path: string, fields: Fields, mapper: PartitionMapper): FanOutMapper {
  onlyFields(path, fields, ['type', 'mapper', 'window', 'outputFormat', 'maxKeys']);
  const ownWindow = mapper.type === 'startOf' ? { window: mapper.unit } : undefined;
  const { window = ownWindow, outputFormat, maxKeys = defaultMaxKeys } = fields;
  const windowed = parseWindow(path, window, mapper);
  const type = 'fanout';
  const atMost = { maxKeys: parseCount(placeIn(path, 'maxKeys'), maxKeys, maxTargetKeys) };
  const formatPath = placeIn(path, 'outputFormat');
  if (isInTime(windowed)) {
    const format = outputFormat ?? defaultOutputFormats[partOf[windowed.mapper.unit]];
    return { type, ...windowed, outputFormat: parseTimeFormat(formatPath, format), ...atMost };
  }
  if (outputFormat === undefined) return { type, ...windowed, ...atMost };
  throw refused(formatPath, outputFormat, 'segments are written as they are: leave it out');
}

/**
 * The roll-up of these fields, every key of whose windows maps to the key of the window.
 * @throws TidegateError `invalid_input` or `invalid_definition` naming the part that is not valid
 */
export function parseRollUp(path: string, fields: Fields, mapper: PartitionMapper): RollUpMapper {
  onlyFields(path, fields, ['type', 'mapper', 'window', 'wait']);
  const windowed = parseWindow(path, fields['window'], mapper);
  if (isInTime(windowed)) checkFormats(placeIn(path, 'mapper'), windowed.mapper);
  else checkSegments(path, windowed);
  const wait = parseWait(placeIn(path, 'wait'), fields['wait']);
  return { type: 'rollup', ...windowed, ...(wait === undefined ? {} : { wait }) };
}

function parseWindow(place: string, value: unknown, mapper: PartitionMapper): InTime | InSegments {
  const path = placeIn(place, 'window');
  const units = listed(calendarUnits.map((unit) => `"${unit}"`));
  if (!isRecord(value) || !('window' in value || 'segments' in value))
    throw refused(path, value, `write {"window": …} with one of ${units}, or {"segments": […]}`);
  if ('segments' in value) {
    onlyFields(path, value, ['segments']);
    return { mapper, window: { segments: parseKeys(placeIn(path, 'segments'), value['segments']) } };
  }
  onlyFields(path, value, ['window']);
  const { window } = value;
  if (!isCalendarUnit(window)) throw refused(placeIn(path, 'window'), window, `it is one of ${units}`);
  if (mapper.type === 'startOf' && mapper.unit === window) return { mapper, window: { window } };
  throw refused(
    placeIn(place, 'mapper'),
    mapper,
    `a window of a ${window} takes a startOf of the unit "${window}"; what comes before it goes into a chain around a fan-out`,
  );
}

/** Source keys are made from target keys by these formats, so both have to say all there is to tell. */
function checkFormats(path: string, { unit, inputFormat, outputFormat }: StartOfMapper): void {
  const check = (name: string, format: string, tellable: ClockUnit) => {
    if (tells(format, tellable) && isReadable(format)) return;
    throw refused(
      placeIn(path, name),
      format,
      `the keys of a roll-up have to tell one ${tellable} from another`,
    );
  };
  check('inputFormat', inputFormat, partOf[unit]);
  check('outputFormat', outputFormat, unit);
}

function checkSegments(path: string, { mapper, window: { segments } }: InSegments): void {
  const targets = new Set<string>();
  for (const segment of segments) {
    const mapped = targetKeys(mapper, segment);
    if (mapped.kind === 'refused') throw refused(placeIn(path, 'window'), segment, mapped.reason);
    for (const key of mapped.keys) targets.add(key);
  }
  if (targets.size === 1) return;
  throw refused(
    placeIn(path, 'mapper'),
    mapper,
    `it maps the segments to ${targets.size} keys, so none would ever be complete: map them to one, as by {"type": "fixed", "key": "all"}`,
  );
}

function parseWait(path: string, value: unknown): RollUpMapper['wait'] {
  if (value === undefined) return undefined;
  const remedy =
    'write {"min": n}: n keys of the window, or for a negative n all but so many; leave it out for all';
  if (!isRecord(value)) throw refused(path, value, remedy);
  onlyFields(path, value, ['min']);
  const { min } = value;
  if (typeof min === 'number' && Number.isSafeInteger(min) && min !== 0) return { min };
  throw refused(placeIn(path, 'min'), min, `${remedy}; 0 would wait for nothing`);
}
