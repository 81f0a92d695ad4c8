import { withFailures } from '../../activities/failure.ts';
import { envConfig, secret } from '../../sdk/index.ts';

describe('an activity that fails', () => {
  it('tells Temporal no secret, neither in its error nor in what that comes from', async () => {
    envConfig({ KEY: secret() }, { KEY: 'open sesame now' });
    const cause: Error & { cause?: unknown } = new Error('cause open sesame now');
    const error = new Error('error open sesame now', { cause });
    // Some drivers make such circles.
    cause.cause = error;
    const { fail } = withFailures({
      fail: async () => {
        throw error;
      },
    });
    await expect(fail()).rejects.toThrow('error ***');
    const said = [error, cause].map(({ message, stack }) => `${message} ${stack}`).join('\n');
    expect(said).toContain('cause ***');
    expect(said).not.toContain('sesame');
  });
});
