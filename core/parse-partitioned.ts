import { maxLeaves } from './condition.ts';
import { isRecord } from './json.ts';
import { parsePartitionMapper } from './parse-partition-mapper.ts';
import { mappersIn, type PartitionMapper } from './partition-mapper.ts';
import type { Partitioned } from './partitioned.ts';
import { onlyFields, parseName, placeIn, refused } from './scenario-json.ts';
import { maxUriLength } from './uri-spelling.ts';

const identity: PartitionMapper = { type: 'identity' };
/** Most allowed keys and segments of one consumer, so that its plan stays small. */
const maxKeys = 10_000;

/**
 * How a consumer makes its keys; `null` where it is not by partition. `true` is by the keys of the events themselves, and so are assets without a
 * mapper where none is given for all.
 * @throws TidegateError `invalid_input` or `invalid_definition` naming the part that is not valid, its value and the remedy
 */
export function parsePartitioned(path: string, value: unknown): Partitioned | null {
  if (value === false) return null;
  if (value === true) return { default: identity, assets: {} };
  if (!isRecord(value))
    throw refused(path, value, 'write false, true, or {"default": mapper, "assets": {"name": mapper}}');
  onlyFields(path, value, ['default', 'assets']);
  const partitioned = {
    default: 'default' in value ? parsePartitionMapper(placeIn(path, 'default'), value['default']) : identity,
    assets: parseAssets(placeIn(path, 'assets'), value['assets'] ?? {}),
  };
  const keys = [partitioned.default, ...Object.values(partitioned.assets)].reduce(
    (sum, mapper) => sum + keysIn(mapper),
    0,
  );
  if (keys <= maxKeys) return partitioned;
  throw refused(
    path,
    value,
    `it lists ${keys} keys and segments, ${maxKeys} are allowed: say what they have in common by other mappers`,
  );
}

function parseAssets(path: string, value: unknown): Readonly<Record<string, PartitionMapper>> {
  if (!isRecord(value)) throw refused(path, value, 'write an object with a mapper for each asset');
  const names = Object.keys(value);
  if (names.length > maxLeaves)
    throw refused(path, value, `it names ${names.length} assets, ${maxLeaves} are allowed: use the default`);
  return Object.fromEntries(
    names.map((name) => {
      parseName(path, name, 'asset');
      if (name.length > maxUriLength)
        throw refused(path, name, `a name has at most ${maxUriLength} characters`);
      return [name, parsePartitionMapper(placeIn(path, name), value[name])];
    }),
  );
}

function keysIn(mapper: PartitionMapper): number {
  return mappersIn(mapper).reduce((sum, each) => {
    if (each.type === 'allowed') return sum + each.keys.length;
    return 'window' in each && 'segments' in each.window ? sum + each.window.segments.length : sum;
  }, 0);
}
