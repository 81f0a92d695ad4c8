import * as fc from 'fast-check';
import { canonicalJson, toStorableJson } from '../../core/json.ts';

const half = '\ud800';
const circle: unknown[] = [];
circle.push(circle);

describe('a value to store', () => {
  it.each([
    ['a NUL character', 'a\0b'],
    ['a NUL character behind a backslash', '\\\0'],
    ['a NUL character in a key', { 'a\0': 1 }],
    ['half of a surrogate pair', half],
    ['the other half', '\udfff'],
    ['half of a surrogate pair behind a backslash', `\\${half}`],
    ['half of a surrogate pair deep inside', [{ a: [half] }]],
  ])('is refused with %s', (_, value) => {
    expect(() => toStorableJson(value, 'it')).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringMatching(/^it holds a NUL/) }),
    );
  });

  it.each(['\\u0000', '\\ud800', '\\\\u0000', '😀', '\u0001', '\ue000', 'u0000'])(
    'may hold text that only looks like it: %j',
    (text) => {
      expect(JSON.parse(toStorableJson(text, 'it'))).toBe(text);
    },
  );

  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a bigint', 1n],
    ['a circle', circle],
  ])('is refused without a JSON form: %s', (_, value) => {
    expect(() => toStorableJson(value, 'it')).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        message: expect.stringMatching(/^it cannot be written as JSON: \S/),
      }),
    );
  });
});

describe('the canonical JSON of a value', () => {
  it('has keys in order at every depth, and lists in their own', () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }, 0], a: 'x' })).toBe('{"a":"x","b":[{"c":null,"d":1},0]}');
  });

  it('says the same of equal values, and nothing else than they say', () => {
    const reversed = (value: unknown): unknown => {
      if (typeof value !== 'object' || value === null) return value;
      if (Array.isArray(value)) return value.map(reversed);
      const entries = Object.entries(value).map(([key, part]) => [key, reversed(part)]);
      return Object.fromEntries(entries.toReversed());
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(reversed(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('any value to store', () => {
  it('is what was given once it is read again, or is refused', () => {
    const anyText = fc.string({
      unit: fc.constantFrom('\\', 'u', '0', '0000', 'd800', '\0', half, '\udc00', 'x', '"'),
    });
    const readBack = (text: string): string => {
      try {
        return JSON.parse(toStorableJson(text, 'it'));
      } catch {
        return 'refused';
      }
    };
    fc.assert(
      fc.property(anyText, (text) => {
        // What has no form in UTF-8 comes back from there as something else.
        const isStorable = !text.includes('\0') && Buffer.from(text, 'utf8').toString('utf8') === text;
        expect(readBack(text)).toBe(isStorable ? text : 'refused');
      }),
      { numRuns: 1_000 },
    );
  });

  it('survives when it is plain JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(toStorableJson(value, 'it'))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
