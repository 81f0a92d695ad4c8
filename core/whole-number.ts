import { isRecord } from './json.ts';

/** Whether a value is a whole number from 1 to `most`. */
export function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

/** What `{max: n}` says; `undefined` unless it is that, with a whole number from 1 to `most`. */
export function maxIn(value: unknown, most: number): number | undefined {
  const max = isRecord(value) && Object.keys(value).length === 1 ? value['max'] : undefined;
  return isCount(max, most) ? max : undefined;
}
