import type { AssetRef, AssetUri } from './asset-uri.ts';
import { type Condition, leafOf, leavesOf, maxConditionDepth, maxLeafCount, maxLeaves } from './condition.ts';
import { isRecord } from './json.ts';
import { parseEventFilter } from './event-filter.ts';
import { parseLifetime } from './gate-options.ts';
import { onlyFields, parseCount, parseList, parseName, placeIn, refused } from './scenario-json.ts';
import type { Source } from './source.ts';

const remedy =
  'write an asset\'s name, a list of them, {"asset": …}, {"alias": …}, {"all": […]}, {"any": […]}, {"atLeast": n, "of": […]}, or null for runs by time or by hand only';

/** A schedule in its parts. */
export interface ParsedSchedule {
  readonly condition: Condition<Source> | null;
  /** Whether runs by time and by hand consume. */
  readonly requestedRunsConsume: boolean;
  /** Set where runs by time wait for the condition. */
  readonly ticksWait?: true;
}

/**
 * The `schedule` of a scenario, with a time or without.
 * @throws TidegateError `invalid_input` naming the part that is not valid
 */
export function parseWholeSchedule(path: string, value: unknown): ParsedSchedule {
  if (!isRecord(value) || !('time' in value))
    return { condition: parseSchedule(path, value), requestedRunsConsume: false };
  const which = 'and' in value ? 'and' : 'or';
  onlyFields(path, value, which === 'and' ? ['time', 'and'] : ['time', 'or', 'consume']);
  if (value['time'] !== true)
    throw refused(placeIn(path, 'time'), value['time'], 'write true: the steps say when its times come');
  const consume = value['consume'] ?? false;
  if (typeof consume !== 'boolean') throw refused(placeIn(path, 'consume'), consume, 'write true or false');
  const condition = parseSchedule(placeIn(path, which), value[which] ?? null);
  if (condition === null)
    throw refused(
      path,
      value,
      `write {"time": true, "${which}": …} with what it waits for, or null for a time alone`,
    );
  return { condition, requestedRunsConsume: consume, ...(which === 'and' ? { ticksWait: true } : {}) };
}

/**
 * What a scenario waits for, as its `schedule` says; `null` where events start nothing.
 * @throws TidegateError `invalid_input` naming the part that is not valid
 */
export function parseSchedule(path: string, value: unknown): Condition<Source> | null {
  if (value === null) return null;
  const condition = parsePart(path, value, 1);
  const leaves = leavesOf(condition).length;
  if (leaves > maxLeaves)
    throw refused(path, value, `it has ${leaves} assets, ${maxLeaves} are allowed: split the DAG`);
  return condition;
}

function parsePart(path: string, value: unknown, depth: number): Condition<Source> {
  if (depth > maxConditionDepth)
    throw refused(path, value, `it is nested more than ${maxConditionDepth} levels deep: write it flatter`);
  const parseParts = (at: string, parts: unknown): readonly Condition<Source>[] =>
    parseList(at, parts, 'write a list of conditions').map((part, index) =>
      parsePart(placeIn(at, index), part, depth + 1),
    );

  if (typeof value === 'string')
    return { kind: 'asset', asset: parseScenarioAsset(parseName(path, value, 'asset')) };
  if (Array.isArray(value)) return { kind: 'all', of: parseParts(path, value) };
  if (!isRecord(value)) throw refused(path, value, remedy);

  for (const kind of ['asset', 'alias'] as const) {
    if (!(kind in value)) continue;
    onlyFields(path, value, [kind, 'count', 'where', 'expireAfter']);
    const name = parseName(placeIn(path, kind), value[kind], kind);
    const count = parseCount(placeIn(path, 'count'), value['count'] ?? 1, maxLeafCount);
    const source = kind === 'asset' ? parseScenarioAsset(name) : { kind, name };
    return leafOf<Source>(source, {
      count,
      where:
        value['where'] === undefined ? undefined : parseEventFilter(value['where'], placeIn(path, 'where')),
      expireAfterMs: parseLifetime(value['expireAfter'], placeIn(path, 'expireAfter')),
    });
  }
  for (const kind of ['all', 'any'] as const) {
    if (!(kind in value)) continue;
    onlyFields(path, value, [kind]);
    return { kind, of: parseParts(placeIn(path, kind), value[kind]) };
  }
  if (!('atLeast' in value)) throw refused(path, value, remedy);
  onlyFields(path, value, ['atLeast', 'of']);
  const of = parseParts(placeIn(path, 'of'), value['of']);
  if (of.length === 0) throw refused(placeIn(path, 'of'), value['of'], 'write at least one condition');
  return { kind: 'atLeast', count: parseCount(placeIn(path, 'atLeast'), value['atLeast'], of.length), of };
}

/** In a scenario an asset is a name and nothing else, so that it may be any word. */
export function parseScenarioAsset(name: string): AssetRef {
  return { name, uri: name as AssetUri };
}
