import { maxPartitionKeyLength } from './asset-event.ts';
import { toStorableJson } from './json.ts';
import { maxTargetKeys } from './partition-keys.ts';
import type { StartOfMapper } from './partition-mapper.ts';
import { type Fields, listed, onlyFields, parseList, placeIn, refused, within } from './scenario-json.ts';
import { isReadable, parseFormat } from './time-format.ts';
import { parseTimezone } from './time-zone.ts';
import { calendarUnits, isCalendarUnit } from './wall-time.ts';

// Keys, units and formats as mappers hold them, written as JSON.

/** How times are written in keys, unless they are said to be written otherwise. */
const defaultInputFormat = '%Y-%m-%dT%H:%M:%S';
/** How a target key writes the beginning of a unit, unless it is said to write it otherwise. */
export const defaultOutputFormats = {
  minute: '%Y-%m-%dT%H:%M',
  hour: '%Y-%m-%dT%H',
  day: '%Y-%m-%d',
  week: '%Y-%m-%d (W%V)',
  month: '%Y-%m',
  quarter: '%Y-Q%q',
  year: '%Y',
} as const;

/** @throws TidegateError `invalid_input` or `invalid_definition` naming the part that is not valid */
export function parseStartOf(path: string, fields: Fields): StartOfMapper {
  onlyFields(path, fields, ['type', 'unit', 'timezone', 'inputFormat', 'outputFormat']);
  const { unit, timezone = 'UTC', inputFormat = defaultInputFormat } = fields;
  if (!isCalendarUnit(unit))
    throw refused(placeIn(path, 'unit'), unit, `it is one of ${listed(calendarUnits)}`);
  if (typeof timezone !== 'string')
    throw refused(placeIn(path, 'timezone'), timezone, 'write an IANA name such as "Europe/Berlin"');
  const input = parseTimeFormat(placeIn(path, 'inputFormat'), inputFormat);
  if (!isReadable(input))
    throw refused(
      placeIn(path, 'inputFormat'),
      input,
      'it has to say the year: by %Y, or by %G of a week %V',
    );
  return {
    type: 'startOf',
    unit,
    timezone: within(placeIn(path, 'timezone'), () => parseTimezone(timezone)),
    inputFormat: input,
    outputFormat: parseTimeFormat(
      placeIn(path, 'outputFormat'),
      fields['outputFormat'] ?? defaultOutputFormats[unit],
    ),
  };
}

/** @throws TidegateError `invalid_input` unless it is a list of 1 to 10,000 keys; a key that is there twice counts once */
export function parseKeys(path: string, value: unknown): readonly string[] {
  const keys = parseList(path, value, 'write a list of keys');
  if (keys.length === 0 || keys.length > maxTargetKeys)
    throw refused(path, value, `it has ${keys.length} keys: write 1 to ${maxTargetKeys}`);
  return [...new Set(keys.map((key, index) => parseKey(placeIn(path, index), key)))];
}

/** @throws TidegateError `invalid_input` or `invalid_definition` unless it is text of codes that are known */
export function parseTimeFormat(path: string, value: unknown): string {
  if (typeof value !== 'string') throw refused(path, value, 'write strftime codes, such as "%Y-%m-%d"');
  parseFormat(value, path);
  return value;
}

/** @throws TidegateError `invalid_input` unless it is text that may be a partition key */
export function parseKey(path: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '' || value.length > maxPartitionKeyLength)
    throw refused(path, value, `write a key of 1 to ${maxPartitionKeyLength} characters`);
  toStorableJson(value, path);
  return value;
}
