import * as fc from 'fast-check';
import { accepts, type EventFacts, filterText, parseEventFilter } from '../../core/event-filter.ts';
import type { JsonObject } from '../../core/json.ts';
import { aRunId } from '../support/core.ts';
import { parseDagId, parseTaskId } from '../../core/ids.ts';

const event = (extra: JsonObject, partitionKey: string | null = null): EventFacts => ({
  extra,
  partitionKey,
  source: { kind: 'task', dagId: parseDagId('load'), runId: aRunId('r1'), taskId: parseTaskId('write') },
});
const isAccepted = (where: unknown, facts: EventFacts): boolean => accepts(parseEventFilter(where), facts);

describe('a filter', () => {
  it.each([
    [{ 'extra.rows': 5 }, { rows: 5 }, true],
    [{ 'extra.rows': 5 }, { rows: '5' }, false],
    [{ 'extra.rows': { eq: null } }, { rows: null }, true],
    [{ 'extra.rows': { eq: null } }, {}, false],
    [{ 'extra.rows': { ne: 5 } }, {}, true],
    [{ 'extra.rows': { ne: 5 } }, { rows: 5 }, false],
    [{ 'extra.rows': { gt: 5 } }, { rows: 5 }, false],
    [{ 'extra.rows': { gte: 5, lt: 7 } }, { rows: 5 }, true],
    [{ 'extra.rows': { gte: 5, lt: 7 } }, { rows: 7 }, false],
    [{ 'extra.rows': { lte: 5 } }, { rows: 6 }, false],
    [{ 'extra.rows': { gt: 5 } }, { rows: '6' }, false],
    [{ 'extra.day': { gte: '2026-01-02' } }, { day: '2026-01-10' }, true],
    [{ 'extra.rows': { in: [1, 'two', null] } }, { rows: 'two' }, true],
    [{ 'extra.rows': { in: [] } }, { rows: 1 }, false],
    [{ 'extra.rows': { exists: true } }, { rows: null }, true],
    [{ 'extra.rows': { exists: false } }, {}, true],
    [{ 'extra.rows': { exists: false } }, { rows: 1 }, false],
    [{ 'extra.name': { matches: '^or.+s$' } }, { name: 'orders' }, true],
    [{ 'extra.name': { matches: '^or.+s$' } }, { name: 'my orders' }, false],
    [{ 'extra.name': { matches: 'a' } }, { name: 5 }, false],
    [{ 'extra.a.b': 1, 'extra.c': 2 }, { a: { b: 1 }, c: 2 }, true],
    [{ 'extra.a.b': 1, 'extra.c': 2 }, { a: { b: 1 }, c: 3 }, false],
    [{ 'extra.constructor': { exists: true } }, {}, false],
    [{ 'source.kind': 'task', 'source.dagId': 'load', 'source.taskId': { in: ['write'] } }, {}, true],
    [{ 'source.kind': 'api' }, {}, false],
  ])('%j of %j: %s', (where, extra, expected) => {
    expect(isAccepted(where, event(extra))).toBe(expected);
  });

  it('looks at the partition key, also at none', () => {
    expect(isAccepted({ partition: { matches: '^2026-' } }, event({}, '2026-01'))).toBe(true);
    expect(isAccepted({ partition: { exists: false } }, event({}))).toBe(true);
    expect(isAccepted({ partition: 'a' }, event({}))).toBe(false);
  });

  it('judges any event without failing, and the same after being stored', () => {
    const operand = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const test = fc.record(
      { eq: operand, ne: operand, in: fc.array(operand), exists: fc.boolean() },
      { requiredKeys: ['eq'] },
    );
    fc.assert(
      fc.property(
        fc.constantFrom('extra.a', 'extra.a.b', 'partition'),
        test,
        fc.jsonValue(),
        (field, one, a) => {
          const filter = parseEventFilter({ [field]: one });
          const facts = event({ a } as JsonObject);
          expect(accepts(JSON.parse(JSON.stringify(filter)), facts)).toBe(accepts(filter, facts));
        },
      ),
    );
  });

  it('reads as a sentence', () => {
    const filter = parseEventFilter({
      'extra.rows': { gt: 100, exists: true },
      partition: { in: ['a', 'b'] },
    });
    expect(filterText(filter)).toBe('extra.rows > 100 and extra.rows is there and partition in ("a", "b")');
  });

  it.each([
    [null, 'where null is not valid: write 1 to 20 fields'],
    [{}, 'where {} is not valid'],
    [{ rows: 1 }, 'where field "rows" is not valid: use extra.<path>, partition'],
    [{ extra: 1 }, 'where field "extra" is not valid'],
    [{ 'extra.a': {} }, "where['extra.a'] {} is not valid: write a value, or an object of eq, ne"],
    [{ 'extra.a': { like: 1 } }, "where['extra.a'].like 1 is not valid: no operator has this name"],
    [{ 'extra.a': { gt: true } }, "where['extra.a'].gt true is not valid: write a number or text"],
    [{ 'extra.a': { gt: Number.NaN } }, "where['extra.a'].gt NaN is not valid"],
    [{ 'extra.a': { in: 'a' } }, 'where[\'extra.a\'].in "a" is not valid: write a list'],
    [{ 'extra.a': { exists: 1 } }, "where['extra.a'].exists 1 is not valid: write true or false"],
    [
      { 'extra.a': { matches: '(' } },
      'where[\'extra.a\'].matches "(" is not valid: Invalid regular expression',
    ],
  ])('refuses %j', (where, message) => {
    expect(() => parseEventFilter(where)).toThrow(message);
  });
});

describe('a regular expression of a filter', () => {
  const isTaken = (matches: string): boolean => {
    try {
      parseEventFilter({ partition: { matches } });
      return true;
    } catch {
      return false;
    }
  };

  it.each(['^2026-\\d{2}$', '(eu|us)-.*', '[*+]+a*', '\\(a\\)\\+', 'a?b?c?', '(?:a|b)?'])(
    'may be %s',
    (pattern) => {
      expect(isTaken(pattern)).toBe(true);
    },
  );

  it.each([
    '(a+)+$',
    '(a|aa)*b',
    '(?=a)a',
    '(.)\\1',
    'a*b*c*',
    '(?:a{1,}){3,}',
    '(a){2,5}',
    'a{1,99}b*c*',
    'a'.repeat(251),
  ])('may not be %s', (pattern) => {
    expect(isTaken(pattern)).toBe(false);
  });

  it('never takes long, whatever the text is', () => {
    const filter = parseEventFilter({ partition: { matches: '.*a.*b' } });
    const before = process.cpuUsage().user;
    accepts(filter, event({}, 'a'.repeat(1_000)));
    expect(process.cpuUsage().user - before).toBeLessThan(2_000_000);
  });
});
