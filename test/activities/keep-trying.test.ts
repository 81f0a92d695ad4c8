import { keepTrying } from '../../activities/keep-trying.ts';

const { signal } = new AbortController();
const coded = (code: string) => Object.assign(new Error(code), { code });
/** Fails once, then succeeds. @returns how often it was called */
const callsUntilOver = async (failure: unknown): Promise<number> => {
  let calls = 0;
  const call = async (): Promise<void> => {
    calls += 1;
    if (calls === 1) throw failure;
  };
  await keepTrying(call, signal).catch((error: unknown) => expect(error).toBe(failure));
  return calls;
};

describe('what must reach Postgres', () => {
  it.each(['40P01', '40001', '57014', '55P03', '57P01', '08006', '53300', 'ECONNREFUSED', 'ECONNRESET'])(
    'is tried again after %s',
    async (code) => {
      expect(await callsUntilOver(coded(code))).toBe(2);
    },
  );

  it('is tried again after a failure of the driver, which has no code', async () => {
    expect(await callsUntilOver(new Error('Connection terminated unexpectedly'))).toBe(2);
  });

  it.each([
    ['a violated constraint', coded('23505')],
    ['an unknown column', coded('42703')],
    ['a bug', new TypeError('undefined is not a function')],
    ['an error without a code', new Error('it broke')],
    ['what is no error', 'it broke'],
  ])('is not tried again after %s', async (_, failure) => {
    expect(await callsUntilOver(failure)).toBe(1);
  });

  it('is given up once nobody waits for it', async () => {
    const failure = coded('40P01');
    const call = async () => Promise.reject(failure);
    await expect(keepTrying(call, AbortSignal.abort())).rejects.toBe(failure);
  });
});
