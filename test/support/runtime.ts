import { DefaultLogger, IllegalStateError, Runtime, type RuntimeOptions } from '@temporalio/worker';

const quiet: RuntimeOptions = { logger: new DefaultLogger('ERROR') };

/**
 * What the SDK shares in a process says what goes wrong and no more, or what it is told to; called before anything of it
 * is used. It goes with the last connection, so a suite may find it gone, or still there.
 */
export function installRuntime(options: RuntimeOptions = quiet): void {
  try {
    Runtime.install(options);
  } catch (error) {
    if (!(error instanceof IllegalStateError)) throw error;
  }
}
