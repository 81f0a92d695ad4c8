import { maxPartitionKeyLength } from './asset-event.ts';
import { unreachable } from './errors.ts';
import { quote } from './ids.ts';
import {
  type FanOutMapper,
  type InSegments,
  type InTime,
  isInTime,
  type PartitionMapper,
  type StartOfMapper,
} from './partition-mapper.ts';
import { partStarts, periodAt, periodOf, writePeriod } from './partition-period.ts';

/** What became of a key. */
export type MappedKeys =
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  /** The consumer does not take the key; `reason` names the key and the rule. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Most keys that one key may become. */
export const maxTargetKeys = 10_000;

/** What separates the dimensions of a key. */
export const dimensionSeparator = '|';

/**
 * The target keys of a source key: distinct, and one but for a fan-out. Takes any text as a key and never throws.
 * Not for workflows where there are times in it.
 */
export function targetKeys(mapper: PartitionMapper, key: string): MappedKeys {
  const mapped = keysOf(mapper, key);
  if (mapped.kind === 'refused') return mapped;
  if (mapped.keys.length > maxTargetKeys)
    return refused(key, `it becomes ${mapped.keys.length} keys, ${maxTargetKeys} are allowed`);
  const bad = mapped.keys.find((target) => target.trim() === '' || target.length > maxPartitionKeyLength);
  if (bad === undefined) return mapped;
  return refused(key, `it becomes ${quote(bad)}, and keys have 1 to ${maxPartitionKeyLength} characters`);
}

function keysOf(mapper: PartitionMapper, key: string): MappedKeys {
  switch (mapper.type) {
    case 'identity':
      return oneKey(key);
    case 'fixed':
      return oneKey(mapper.key);
    case 'allowed':
      if (mapper.keys.includes(key)) return oneKey(key);
      return refused(key, `it is none of the ${mapper.keys.length} allowed keys`);
    case 'startOf': {
      const period = periodOf(mapper, key);
      return period === undefined ? unread(mapper, key) : oneKey(writePeriod(mapper.outputFormat, period));
    }
    case 'product':
      return productOf(mapper.mappers, key);
    case 'chain':
      return chained(mapper.mappers, key);
    case 'rollup':
      return keysOf(mapper.mapper, key);
    case 'fanout':
      return fannedOut(mapper, key);
    default:
      return unreachable(mapper);
  }
}

function productOf(mappers: readonly PartitionMapper[], key: string): MappedKeys {
  const dimensions = key.split(dimensionSeparator);
  if (dimensions.length !== mappers.length) {
    const expected = `${mappers.length} dimension${mappers.length === 1 ? '' : 's'} separated by '${dimensionSeparator}'`;
    return refused(key, `it has ${dimensions.length}, and ${expected} are expected`);
  }
  const keys: string[] = [];
  for (const [index, mapper] of mappers.entries()) {
    const mapped = keysOf(mapper, dimensions[index] ?? '');
    if (mapped.kind === 'refused') return refused(key, `its dimension ${index + 1}: ${mapped.reason}`);
    keys.push(...mapped.keys);
  }
  return oneKey(keys.join(dimensionSeparator));
}

function chained(mappers: readonly PartitionMapper[], key: string): MappedKeys {
  let keys: ReadonlySet<string> = new Set([key]);
  for (const mapper of mappers) {
    const next = new Set<string>();
    for (const each of keys) {
      const mapped = keysOf(mapper, each);
      if (mapped.kind === 'refused') return each === key ? mapped : refused(key, mapped.reason);
      for (const target of mapped.keys) next.add(target);
      if (next.size > maxTargetKeys)
        return refused(key, `it becomes more than ${maxTargetKeys} keys, which are allowed`);
    }
    keys = next;
  }
  return { kind: 'keys', keys: [...keys] };
}

function fannedOut(mapper: FanOutMapper, key: string): MappedKeys {
  const keys = isInTime(mapper) ? partsOf(mapper, key) : segmentsOf(mapper, key);
  if (keys.kind === 'refused' || keys.keys.length <= mapper.maxKeys) return keys;
  return refused(key, `it becomes ${keys.keys.length} keys, and maxKeys is ${mapper.maxKeys}`);
}

function partsOf(
  { mapper, outputFormat }: InTime & { readonly outputFormat: string },
  key: string,
): MappedKeys {
  const period = periodOf(mapper, key);
  if (period === undefined) return unread(mapper, key);
  const { unit, timezone } = period;
  const starts = partStarts(period).filter((at) => periodAt(unit, timezone, at).startAt === period.startAt);
  const keys = new Set(starts.map((startAt) => writePeriod(outputFormat, { timezone, startAt })));
  return { kind: 'keys', keys: [...keys] };
}

function segmentsOf({ mapper, window }: InSegments, key: string): MappedKeys {
  const mapped = keysOf(mapper, key);
  return mapped.kind === 'refused' ? mapped : { kind: 'keys', keys: window.segments };
}

function oneKey(key: string): MappedKeys {
  return { kind: 'keys', keys: [key] };
}

function unread({ inputFormat }: StartOfMapper, key: string): MappedKeys {
  return refused(
    key,
    `it is no time from the years 1000 to 9999 as ${quote(inputFormat)} writes it: give the mapper the inputFormat of its keys, such as '%Y-%m-%d'`,
  );
}

function refused(key: string, rule: string): MappedKeys {
  return { kind: 'refused', reason: `key ${quote(key)} is not taken: ${rule}` };
}
