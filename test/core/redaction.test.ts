import fc from 'fast-check';
import { redactorOf } from '../../core/redaction.ts';

const secret = 'p"w\\d & ünï/?+';
const anySecret = fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' });

describe('a redactor', () => {
  it('takes a secret out of a text, however it is escaped or encoded', () => {
    const { text } = redactorOf([secret]);
    expect(text(`before ${secret} behind`)).toBe('before *** behind');
    expect(text(JSON.stringify({ secret }))).toBe('{"secret":"***"}');
    expect(text(JSON.stringify(JSON.stringify({ secret })))).not.toContain('ünï');
    expect(text(`?key=${encodeURIComponent(secret)}&page=2`)).toBe('?key=***&page=2');
    expect(text(`?key=${new URLSearchParams({ secret }).toString()}`)).not.toContain('w%5Cd');
    expect(text(encodeURIComponent(secret).toLowerCase())).not.toContain('w%5cd');
  });

  it('takes it out of base64, wherever in it the secret begins', () => {
    fc.assert(
      fc.property(
        anySecret,
        fc.string(),
        fc.string(),
        fc.constantFrom('base64', 'base64url'),
        (one, before, behind, as) => {
          const { text } = redactorOf([one]);
          const encoded = Buffer.from(`${before}${one}${behind}`).toString(as);
          // Where a piece begins in its group of four digits is not known any more.
          const left = text(encoded)
            .split('***')
            .flatMap((piece) => [0, 1, 2, 3].map((skip) => Buffer.from(piece.slice(skip), as)));
          expect(text(encoded)).not.toBe(encoded);
          expect(left.filter((bytes) => bytes.includes(one))).toEqual([]);
        },
      ),
    );
  });

  it('takes out the longest first, so that nothing of it is left', () => {
    const { text } = redactorOf(['horse', 'correct horse battery']);
    expect(text('correct horse battery, horse')).toBe('***, ***');
  });

  it('leaves no known secret in any text', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 4 }), { minLength: 1 }),
        fc.string(),
        (secrets, between) => {
          const { text } = redactorOf(secrets);
          const whole = text(secrets.join(between));
          // What is put in its place may look like one.
          expect(secrets.filter((one) => !one.includes('*') && whole.includes(one))).toEqual([]);
        },
      ),
    );
  });

  it('goes through keys, texts and numbers of a value, and leaves the rest as it is', () => {
    const { json } = redactorOf(['hunter22', '12345']);
    expect(
      json({ hunter22: ['a hunter22', 12345, 123456, null, true], other: { deep: 'hunter22' } }),
    ).toEqual({
      '***': ['a ***', '***', 123456, null, true],
      other: { deep: '***' },
    });
  });

  it('leaves what is shorter than four characters alone', () => {
    const { text, isIn } = redactorOf(['abc', '']);
    expect(text('abc')).toBe('abc');
    expect(isIn('abc')).toBe(false);
  });

  it('says whether a text holds one', () => {
    const { isIn } = redactorOf(['hunter22']);
    expect([isIn('a hunter22'), isIn('a hunter22'), isIn('a hunter')]).toEqual([true, true, false]);
  });
});
