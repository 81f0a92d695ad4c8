import * as fc from 'fast-check';
import { judgeUri, uriLevels } from '../../core/uri-level.ts';
import { anyWrittenUri } from './written-uris.ts';

const short = 'PostgreSQL://user:secret@warehouse/users/';
const expected = 'it is not written as its scheme expects: postgres://host[:5432]/database/schema/table';
const removed = expect.stringMatching(/^user and password were removed/);

describe('a URI that does not meet the rule of its scheme', () => {
  it.each([
    ['strict', { valid: false, normalized: null, warnings: [removed], reason: expected }],
    [
      'warn',
      {
        valid: true,
        normalized: 'postgresql://warehouse/users',
        warnings: [removed, expected],
        reason: null,
      },
    ],
    ['off', { valid: true, normalized: 'postgresql://warehouse/users', warnings: [removed], reason: null }],
  ] as const)('is judged by the level: %s', (level, verdict) => {
    expect(judgeUri(short, level)).toEqual({ input: short, ...verdict });
  });
});

describe('a URI that meets it', () => {
  it.each([
    ['strict', 'postgres://h:5432/db/default/t'],
    ['warn', 'postgres://h:5432/db/default/t'],
    ['off', 'postgresql://h/db//t'],
  ] as const)('is spelled by it unless rules are off: %s', (level, normalized) => {
    const input = 'postgresql://h/db//t';
    expect(judgeUri(input, level)).toEqual({ input, valid: true, normalized, warnings: [], reason: null });
  });
});

describe('any URI', () => {
  it('has a spelling or a reason, never both', () => {
    fc.assert(
      fc.property(anyWrittenUri(), fc.constantFrom(...uriLevels), (input, level) => {
        const { valid, normalized, reason } = judgeUri(input, level);
        expect([normalized === null, reason === null]).toEqual([!valid, valid]);
      }),
    );
  });

  it('that is valid at strict is judged the same at warn', () => {
    fc.assert(
      fc.property(anyWrittenUri(), (input) => {
        const strict = judgeUri(input, 'strict');
        fc.pre(strict.valid);
        expect(judgeUri(input, 'warn')).toEqual(strict);
      }),
      { numRuns: 1_000 },
    );
  });
});
