import { TidegateError } from './errors.ts';
import { quote } from './ids.ts';
import {
  type ClockUnit,
  fieldsOf,
  startOfWeek,
  type WallFields,
  type WallTime,
  wallTimeOf,
} from './wall-time.ts';

/** Longest format, as long as the longest key. */
const maxFormatLength = 250;

/** How one code writes one field. */
interface Code {
  readonly field: keyof WallFields;
  readonly digits: number;
  /** What is written instead of digits, from the field's value 1 on. */
  readonly names?: readonly string[];
}

/** A part of a format: text as it stands, a field of a time, or how far its clocks are ahead of UTC. */
type Part = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'offset' } | FieldPart;
type FieldPart = { readonly kind: 'field' } & Code;

/** A time as a text says it. */
export interface ReadTime {
  readonly wall: WallTime;
  /** Milliseconds ahead of UTC, where the text says so. */
  readonly offsetMs: number | undefined;
}

const monthNames = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July'],
  ...['August', 'September', 'October', 'November', 'December'],
];
const codes: Readonly<Record<string, Code>> = {
  Y: { field: 'year', digits: 4 },
  y: { field: 'yearOfCentury', digits: 2 },
  q: { field: 'quarter', digits: 1 },
  m: { field: 'month', digits: 2 },
  b: { field: 'month', digits: 0, names: monthNames.map((name) => name.slice(0, 3)) },
  B: { field: 'month', digits: 0, names: monthNames },
  d: { field: 'day', digits: 2 },
  j: { field: 'dayOfYear', digits: 3 },
  G: { field: 'weekYear', digits: 4 },
  V: { field: 'week', digits: 2 },
  u: { field: 'weekday', digits: 1 },
  H: { field: 'hour', digits: 2 },
  M: { field: 'minute', digits: 2 },
  S: { field: 'second', digits: 2 },
};
const combined: Readonly<Record<string, string>> = { F: '%Y-%m-%d', T: '%H:%M:%S', '%': '%%' };
const offsetText = /^(?:Z|([+-])(\d{2}):?([0-5]\d)(?::?([0-5]\d))?)/;

/**
 * Takes a format of strftime codes apart, which means the same on every machine: names are English, weeks those of ISO 8601.
 * @param path - what the error calls the format
 * @throws TidegateError `invalid_definition` naming a code that is not known
 */
export function parseFormat(format: string, path = 'format'): readonly Part[] {
  if (format === '' || format.length > maxFormatLength)
    throw refused(path, format, `write 1 to ${maxFormatLength} characters`);
  return partsOf(
    format.replaceAll(/%([FT%])/g, (_, code: string) => combined[code] ?? ''),
    path,
  );
}

function partsOf(format: string, path: string): readonly Part[] {
  return [...format.matchAll(/%([^]?)|\{quarter\}|[^]/gu)].map(([text, code]): Part => {
    if (text === '%%') return { kind: 'text', text: '%' };
    if (text === '%z') return { kind: 'offset' };
    const known = text === '{quarter}' ? codes['q'] : codes[code ?? ''];
    if (known !== undefined) return { kind: 'field', ...known };
    if (code === undefined) return { kind: 'text', text };
    const all = [...Object.keys(codes), ...Object.keys(combined), 'z'].map((name) => `%${name}`);
    throw refused(path, format, `${text} is not known here: use ${all.join(' ')}`);
  });
}

/** A time as a format writes it. */
export function writeTime(format: string, wall: WallTime, offsetMs: number): string {
  const fields = fieldsOf(wall);
  return parseFormat(format)
    .map((part) => {
      if (part.kind === 'text') return part.text;
      if (part.kind === 'offset') return writeOffset(offsetMs);
      const value = fields[part.field];
      return part.names?.[value - 1] ?? String(value).padStart(part.digits, '0');
    })
    .join('');
}

/**
 * The time that a text names, where it is written as the format writes it, digit for digit; else undefined. What the text leaves
 * open is the first: of a month its first day, of a day its first second.
 */
export function readTime(format: string, text: string): ReadTime | undefined {
  const read = new Map<keyof WallFields, number>();
  let offsetMs: number | undefined;
  let rest = text;
  for (const part of parseFormat(format)) {
    const found = take(part, rest);
    if (found === undefined) return undefined;
    rest = rest.slice(found.length);
    if (part.kind === 'text') continue;
    if (part.kind === 'offset') offsetMs = found.value;
    else if ((read.get(part.field) ?? found.value) !== found.value) return undefined;
    else read.set(part.field, found.value);
  }
  if (rest !== '') return undefined;

  const wall = wallTimeFrom(Object.fromEntries(read));
  // Here fall 30 February, second 60, and weekdays, weeks and quarters that do not fit the date.
  const fields = fieldsOf(wall);
  const isSo = [...read].every(([field, value]) => fields[field] === value);
  return isSo ? { wall, offsetMs } : undefined;
}

/** Whether times that differ by such a unit are written differently, and can be read again. */
export function tells(format: string, unit: ClockUnit): boolean {
  const has = fieldTest(format);
  const isOfYear = has('year') || has('yearOfCentury');
  const isOfWeek = has('weekYear') && has('week');
  const day =
    (isOfYear && ((has('month') && has('day')) || has('dayOfYear'))) || (isOfWeek && has('weekday'));
  const month = day || (isOfYear && has('month'));
  const quarter = month || (isOfYear && has('quarter'));
  const hour = day && has('hour');
  const minute = hour && has('minute');
  return { year: quarter || isOfYear, quarter, month, week: day || isOfWeek, day, hour, minute }[unit];
}

/** Whether a format says which year it is, and a week only with the year that weeks are counted in. */
export function isReadable(format: string): boolean {
  if (tells(format, 'week')) return true;
  return tells(format, 'year') && !fieldTest(format)('week');
}

function fieldTest(format: string): (field: keyof WallFields) => boolean {
  const parts = parseFormat(format);
  return (field) => parts.some((part) => part.kind === 'field' && part.field === field);
}

function take(part: Part, text: string): { readonly length: number; readonly value: number } | undefined {
  if (part.kind === 'text')
    return text.startsWith(part.text) ? { length: part.text.length, value: 0 } : undefined;
  if (part.kind === 'offset') {
    const [found, sign, hours, minutes, seconds = '0'] = offsetText.exec(text) ?? [];
    if (found === undefined) return undefined;
    const size = ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds)) * 1_000;
    return { length: found.length, value: sign === '-' ? -size : size };
  }
  if (part.names !== undefined) {
    const index = part.names.findIndex((name) => text.startsWith(name));
    return index < 0 ? undefined : { length: part.names[index]?.length ?? 0, value: index + 1 };
  }
  const digits = text.slice(0, part.digits);
  return digits.length === part.digits && /^\d+$/.test(digits)
    ? { length: part.digits, value: Number(digits) }
    : undefined;
}

function wallTimeFrom(read: Partial<WallFields>): WallTime {
  const { yearOfCentury, weekYear, week, weekday = 1, quarter = 1, dayOfYear } = read;
  const timeMs = (((read.hour ?? 0) * 60 + (read.minute ?? 0)) * 60 + (read.second ?? 0)) * 1_000;
  const isOfMonth = read.month !== undefined || dayOfYear !== undefined || read.quarter !== undefined;
  if (!isOfMonth && weekYear !== undefined && week !== undefined)
    return startOfWeek(weekYear, week) + (weekday - 1) * 86_400_000 + timeMs;
  // As POSIX reads two digits.
  const year = read.year ?? ((yearOfCentury ?? 0) < 69 ? 2_000 : 1_900) + (yearOfCentury ?? 0);
  if (dayOfYear !== undefined) return wallTimeOf(year, 1, dayOfYear, timeMs);
  return wallTimeOf(year, read.month ?? quarter * 3 - 2, read.day ?? 1, timeMs);
}

function writeOffset(offsetMs: number): string {
  const total = Math.abs(offsetMs) / 1_000;
  const [hours, minutes, seconds] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(hours)}${two(minutes)}${seconds === 0 ? '' : two(seconds)}`;
}

function refused(path: string, format: string, remedy: string): TidegateError {
  return new TidegateError('invalid_definition', `${path} ${quote(format)} is not valid: ${remedy}`);
}
