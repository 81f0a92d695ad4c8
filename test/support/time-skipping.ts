import { setTimeout as delay } from 'node:timers/promises';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { DagDefinition } from '../../sdk/index.ts';
import { testServer } from './server.ts';
import { installRuntime } from './runtime.ts';
import { startTidegate, type Tidegate } from './tidegate.ts';

/** A whole Tidegate on a server whose clock a test moves; it lacks schedules and visibility. */
export interface TimeSkippingTidegate extends Tidegate {
  /** Lets that much of Temporal's time pass at once; `past` is how many pending tasks would hold the clock. */
  skip(duration: string, past?: number): Promise<void>;
}

/** Its client is a plain one: with the environment's own, awaiting a result would unlock the clock for everybody. */
export async function startTimeSkippingTidegate(
  dags: readonly DagDefinition[],
): Promise<TimeSkippingTidegate> {
  const path = testServer('TIDEGATE_TEST_TIME_SKIPPING_SERVER');
  installRuntime();
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  const { address } = environment.connection.options;
  const tidegate = await startTidegate(dags, { place: { address, namespace: 'default' } });
  return {
    ...tidegate,
    async skip(duration, past = 0) {
      const { testService } = environment.nativeConnection;
      if (testService === undefined) throw new Error('the server cannot skip time');
      let held = 0;
      const letGo = async (): Promise<void> => {
        await testService.unlockTimeSkipping({});
        held += 1;
      };
      while (held < past) await letGo();
      const sleeping = environment.sleep(duration as `${number} hours`).then(() => true);
      // A task that ended late may still hold the clock.
      while (!(await Promise.race([sleeping, delay(5_000, false)]))) await letGo();
      while (held-- > 0) await testService.lockTimeSkipping({});
    },
    async stop() {
      await tidegate.stop();
      await environment.teardown();
    },
  };
}
