import * as fc from 'fast-check';
import { normalizeUri, parseAssetName, parseAssetUri } from '../../core/asset-uri.ts';
import { TidegateError } from '../../core/errors.ts';
import { maxUriLength } from '../../core/uri-spelling.ts';
import { anyWrittenUri } from './written-uris.ts';

describe('the URI of an asset', () => {
  it('is spelled by all rules', () => {
    expect(parseAssetUri('MariaDB://h/db/t/')).toBe('mysql://h:3306/db/t');
  });

  it('is refused with what is wrong', () => {
    expect(() => parseAssetUri('AirFlow://x')).toThrow(
      expect.objectContaining({
        code: 'invalid_uri',
        message: `URI "AirFlow://x" is not valid: the scheme 'airflow' is reserved: use another one`,
      }),
    );
  });

  it.each(['s3://user:secret@b/ü', 'x-a://u:secret@b/%', `s3://u:secret@b/${'k'.repeat(maxUriLength)}`])(
    'is refused without telling its password',
    (written) => {
      expect(() => parseAssetUri(written)).toThrow(/^URI "\S+:\/\/b\/(?!.*secret)/);
    },
  );
});

describe('any URI', () => {
  /** What became of it: its spelling, or the failure that was thrown. */
  const outcomeOf = (written: string): string | Error => {
    try {
      return normalizeUri(written).uri;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };

  it('is normalised for good, or refused with a TidegateError', () => {
    fc.assert(
      fc.property(fc.oneof(anyWrittenUri(), fc.string({ unit: 'binary' })), (written) => {
        const outcome = outcomeOf(written);
        const isStable = typeof outcome === 'string' && outcomeOf(outcome) === outcome;
        expect(isStable || outcome instanceof TidegateError).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the name of an asset', () => {
  it('is any text', () => {
    expect(parseAssetName('Bestellungen für heute')).toBe('Bestellungen für heute');
    expect(parseAssetName('n'.repeat(maxUriLength))).toHaveLength(maxUriLength);
  });

  it.each(['', ' \t', 'self', 'context', 'n'.repeat(maxUriLength + 1)])('is not %j', (name) => {
    expect(() => parseAssetName(name)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
  });
});
