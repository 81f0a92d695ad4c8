import { z } from 'zod';
import { TidegateError } from '../../core/errors.ts';
import { envConfig, secret } from '../../sdk/index.ts';
import { redactor } from '../../sdk/secrets.ts';

/** Compiles only where a value may be given to a variable of the type, and the other way round. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expectType<Expected>() {
  return <Actual>(_value: Actual, ..._proof: Equal<Actual, Expected> extends true ? [] : [never]): void => {};
}

const problemOf = (call: () => unknown): { readonly code: string; readonly message: string } => {
  try {
    call();
  } catch (error) {
    if (error instanceof TidegateError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('configuration from the environment', () => {
  it('is typed and parsed by its schemas, with what they make of nothing', () => {
    const shop = envConfig(
      {
        BUCKET: z.string(),
        PAGE: z.coerce.number().default(100),
        IS_FAST: z.stringbool().optional(),
        KEY: secret(),
        RETRIES: secret(z.coerce.number()),
      },
      { BUCKET: 's3://shop', PAGE: ' ', KEY: 'correct horse', RETRIES: '31415' },
    );
    expectType<string>()(shop.BUCKET);
    expectType<number>()(shop.PAGE);
    expectType<boolean | undefined>()(shop.IS_FAST);
    expectType<string>()(shop.KEY);
    expectType<number>()(shop.RETRIES);
    // @ts-expect-error a variable that was not declared
    void shop.OTHER;
    expect(shop).toEqual({
      ...{ BUCKET: 's3://shop', PAGE: 100, IS_FAST: undefined, KEY: 'correct horse', RETRIES: 31415 },
    });
    expect(Object.isFrozen(shop)).toBe(true);
  });

  it('names every variable that is missing or wrong, where it is declared and what to write', () => {
    const { code, message } = problemOf(() =>
      envConfig(
        { NONE: z.string(), EMPTY: z.string(), PORT: z.number(), FAST: z.boolean(), FINE: z.string() },
        {
          ...{ EMPTY: '', PORT: '80', FAST: 'true', FINE: 'x' },
        },
      ),
    );
    expect(code).toBe('invalid_environment');
    expect(message).toMatch(/^configuration at .*env-config\.test\.ts:\d+: /);
    expect(message.replace(/^.*\d: /, '').split('; ')).toEqual([
      'environment variable NONE is not set',
      'environment variable EMPTY is not set',
      'environment variable PORT "80" is not valid: it is text, write z.coerce.number() for a number',
      `environment variable FAST "true" is not valid: it is text, write z.stringbool() for 'true' and 'false'`,
    ]);
  });

  it('never shows the value of a secret that is wrong', () => {
    const own = z.string().refine(() => false, { error: ({ input }) => `bad ${String(input)}` });
    const { message } = problemOf(() =>
      envConfig({ A: secret(own), B: secret(z.string().max(3)) }, { A: 'sesame-1', B: 'sesame-2' }),
    );
    expect(message).not.toContain('sesame');
    expect(message).toMatch(
      /variable A, a secret, is not valid; environment variable B, a secret, is not valid: Too/,
    );
  });

  it('keeps secret what a schema makes of a secret', () => {
    envConfig(
      { JSON_KEY: secret(z.string().transform((text) => JSON.parse(text) as object)) },
      {
        JSON_KEY: '{"user":{"password":"open sesame now"}}',
      },
    );
    expect(redactor().text('it is open sesame now')).toBe('it is ***');
  });

  it('refuses names and schemas that cannot be', () => {
    expect(problemOf(() => envConfig({ 'A-B': z.string() }, {})).message).toMatch(
      /"A-B" cannot be: use letters/,
    );
    const noSchema = { A: 'text' as unknown as z.ZodString };
    expect(problemOf(() => envConfig(noSchema, {})).message).toMatch(/A has no schema: write z\.string\(\)/);
  });
});
