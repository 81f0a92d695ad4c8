import { quote } from './ids.ts';
import { targetKeys } from './partition-keys.ts';
import { isInTime, type RollUpMapper, type StartOfMapper } from './partition-mapper.ts';
import { partStarts, periodOf, writePeriod } from './partition-period.ts';

/** What a roll-up waits for before it runs on a target key. */
export type WindowOfKey =
  | {
      readonly kind: 'window';
      /** The source keys that count, distinct, in the order of time or of the segments. */
      readonly keys: readonly string[];
      /** How many of them it takes, at least 1; above their number it never runs. */
      readonly needed: number;
    }
  /** The roll-up makes no such target key. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What a roll-up waits for on one of its target keys. Takes any text as a key and never throws. Not for workflows. */
export function windowOf(mapper: RollUpMapper, targetKey: string): WindowOfKey {
  const keys = expectedKeys(mapper, targetKey);
  if (keys.length === 0)
    return { kind: 'refused', reason: `key ${quote(targetKey)} is no target key of the roll-up` };
  return { kind: 'window', keys, needed: neededOf(mapper, keys.length) };
}

/** The source keys that a window consists of, each of which maps to the target key; none where the roll-up makes no such key. */
export function expectedKeys(mapper: RollUpMapper, targetKey: string): readonly string[] {
  const keys = isInTime(mapper) ? keysInTime(mapper.mapper, targetKey) : mapper.window.segments;
  return keys.filter((key) => isMappedTo(mapper, key, targetKey));
}

/** Whether the source keys that came for a target key are those it waits for, or enough of them; others do not count. */
export function isWindowMet(mapper: RollUpMapper, targetKey: string, received: Iterable<string>): boolean {
  const window = windowOf(mapper, targetKey);
  if (window.kind === 'refused') return false;
  const came = new Set(received);
  return window.keys.filter((key) => came.has(key)).length >= window.needed;
}

/** How many keys of a window of that size a roll-up takes. */
export function neededOf({ wait }: RollUpMapper, size: number): number {
  if (wait === undefined) return size;
  return wait.min > 0 ? wait.min : Math.max(1, size + wait.min);
}

function keysInTime(mapper: StartOfMapper, targetKey: string): readonly string[] {
  const { unit, timezone, inputFormat, outputFormat } = mapper;
  const period = periodOf({ unit, timezone, inputFormat: outputFormat }, targetKey);
  if (period === undefined) return [];
  const starts = partStarts(period);
  return [...new Set(starts.map((startAt) => writePeriod(inputFormat, { timezone, startAt })))];
}

function isMappedTo(mapper: RollUpMapper, key: string, targetKey: string): boolean {
  const mapped = targetKeys(mapper, key);
  return mapped.kind === 'keys' && mapped.keys[0] === targetKey;
}
