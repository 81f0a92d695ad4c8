import { TestWorkflowEnvironment } from '@temporalio/testing';
import type { DagDefinition } from '../../sdk/index.ts';
import { testServer } from './server.ts';
import { quietRuntime, startTidegate, type Tidegate } from './tidegate.ts';

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
  quietRuntime();
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
      for (let held = 0; held < past; held += 1) await testService.unlockTimeSkipping({});
      await environment.sleep(duration as `${number} hours`);
      for (let held = 0; held < past; held += 1) await testService.lockTimeSkipping({});
    },
    async stop() {
      await tidegate.stop();
      await environment.teardown();
    },
  };
}
