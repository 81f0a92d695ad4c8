import * as fc from 'fast-check';
import { TidegateError } from '../../core/errors.ts';
import {
  idFromName,
  maxDagAndRunIdBytes,
  maxDagIdBytes,
  parseDagId,
  parseRunId,
  parseTaskId,
  quote,
  runIdByHand,
  runIdOfEvents,
  runIdOfTick,
} from '../../core/ids.ts';

const dag = parseDagId('sales');

describe.each([
  ['a DAG id', parseDagId],
  ['a task id', parseTaskId],
])('%s', (_, parse) => {
  it.each(['sales', 'Sales_2.daily-run', 'x'.repeat(maxDagIdBytes), 'constructor'])('may be %s', (id) => {
    expect(parse(id)).toBe(id);
  });

  it.each(['', 'a b', 'a/b', 'ü', 'a\n', 'x'.repeat(maxDagIdBytes + 1)])('is not %j', (id) => {
    expect(() => parse(id)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
  });
});

describe('a task id', () => {
  it('is not __proto__, which cannot be a key', () => {
    expect(() => parseTaskId('__proto__')).toThrow(/not '__proto__'/);
  });
});

describe('a run id', () => {
  it.each(['asset__17', 'manual__2026-01-01T00:00:00.000Z_x', "it's+mine!"])('may be %s', (id) => {
    expect(parseRunId(dag, id)).toBe(id);
  });

  it.each(['', 'a b', 'a/b', 'ü', 'a\n', '\u007f'])('is not %j', (id) => {
    expect(() => parseRunId(dag, id)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it('is as long as its DAG id leaves room', () => {
    const longest = 'r'.repeat(maxDagAndRunIdBytes - dag.length);
    expect(parseRunId(dag, longest)).toBe(longest);
    expect(() => parseRunId(dag, `${longest}r`)).toThrow(/may have 240 characters, not 241/);
  });

  it('says what started the run', () => {
    const at = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
    expect(runIdOfEvents(17)).toBe('asset__17');
    expect(runIdOfTick(at)).toBe('scheduled__2026-01-02T03:04:05.006Z');
    expect(runIdByHand(at, 'k3')).toBe('manual__2026-01-02T03:04:05.006Z_k3');
  });

  it('of our own making is valid with the longest DAG id', () => {
    const longest = parseDagId('d'.repeat(maxDagIdBytes));
    for (const id of [runIdOfEvents(Number.MAX_SAFE_INTEGER), runIdOfTick(0), runIdByHand(0, 'k3')]) {
      expect(parseRunId(longest, id)).toBe(id);
    }
  });
});

describe('a quoted value', () => {
  it('is shown whole, on one line', () => {
    expect(quote('a "b"\nc')).toBe('"a \\"b\\"\\nc"');
  });

  it('is cut where it would fill the line', () => {
    expect(quote('x'.repeat(121))).toBe(`"${'x'.repeat(117)}..."`);
    expect(quote('x'.repeat(120))).toBe(`"${'x'.repeat(120)}"`);
  });
});

/** What a call answers, or the code it fails with. */
const attempt = (call: () => string): readonly [string, string?] => {
  try {
    return [call()];
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return ['', error.code];
  }
};

describe('an id made of a name', () => {
  it('is one that a DAG and a task may have, and that stays as it is; or the name is refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.webUrl(), fc.string({ minLength: 95, maxLength: 120 })),
        (name) => {
          const [id, code] = attempt(() => idFromName(name));
          fc.pre(code !== 'invalid_definition');
          expect([parseDagId(id), parseTaskId(id), idFromName(id)]).toEqual([id, id, id]);
        },
      ),
    );
  });

  it.each(['', '___', '日本', 'x'.repeat(101)])('cannot be made of %j', (name) => {
    expect(attempt(() => idFromName(name))).toEqual(['', 'invalid_definition']);
  });

  it('keeps what ids may have', () => {
    expect(idFromName('s3://lake/Daily report_v2.1')).toBe('s3_lake_Daily_report_v2.1');
  });
});
