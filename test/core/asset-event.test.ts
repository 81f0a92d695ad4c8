import { maxExtraBytes, storableExtra } from '../../core/asset-event.ts';

/** An extra that is so large as JSON in UTF-8. */
function extraOf(bytes: number, character = 'x') {
  const frame = '{"a":""}'.length;
  return { a: character.repeat((bytes - frame) / new TextEncoder().encode(character).length) };
}

describe('the extra of an event', () => {
  it('is stored as its JSON', () => {
    expect(storableExtra({ rows: 42 }, 'orders')).toBe('{"rows":42}');
  });

  it('may have 64 KiB, counted in bytes', () => {
    expect(storableExtra(extraOf(maxExtraBytes), 'orders')).toHaveLength(maxExtraBytes);
    expect(() => storableExtra(extraOf(maxExtraBytes + 1), 'orders')).toThrow(
      expect.objectContaining({
        code: 'extra_too_large',
        message: expect.stringMatching(/^extra of orders is 65537 bytes as JSON, 65536 are allowed/),
      }),
    );
    expect(() => storableExtra(extraOf(maxExtraBytes + 2, 'ü'), 'orders')).toThrow(/65538 bytes/);
  });

  it('is refused when it cannot be stored', () => {
    expect(() => storableExtra({ a: '\0' }, 'orders')).toThrow(/extra of orders holds a NUL character/);
  });
});
