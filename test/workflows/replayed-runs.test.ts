import { setTimeout as delay } from 'node:timers/promises';
import { Worker, type ActivityInterceptorsFactory } from '@temporalio/worker';
import { dag } from '../../sdk/index.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { ok } from '../support/runs.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

// A worker that takes a run over goes through its history again, where local activities that ended one by one are told all at once.

const waits = dag('waits', {}, (d) => {
  const slow = d.wait('slow', { for: '50ms' });
  const quick = d.wait('quick', { for: '50ms' });
  d.task('behind_slow', { needs: [slow] }, ok);
  d.task('behind_quick', { needs: [quick] }, ok);
});
const untaken = dag('untaken', { defaults: { startTimeout: '1s' } }, (d) => {
  const slow = d.task('slow', { taskQueue: 'nobody' }, ok);
  const quick = d.task('quick', { taskQueue: 'nobody' }, ok);
  d.task('behind_slow', { needs: [slow], triggerRule: 'all_done' }, ok);
  d.task('behind_quick', { needs: [quick], triggerRule: 'all_done' }, ok);
});

/** What is written of the first task of each takes longer than of the second. */
const slowed: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      const { taskId, task } = input.args[0] as { taskId?: string; task?: { id: string } };
      const isWritten = info.activityType === 'endWait' || info.activityType === 'failUnstarted';
      if (isWritten && (taskId ?? task?.id) === 'slow') await delay(500);
      return next(input);
    },
  },
});

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([waits, untaken], { interceptors: { activity: [slowed] } });
});
afterAll(() => tidegate.stop());

it.each(['waits', 'untaken'])(
  'a run of %s replays, whatever was written first of what came together',
  async (dagId) => {
    const runId = await tidegate.trigger(dagId);
    expect(await tidegate.closed(dagId, runId)).toMatchObject({ state: 'success' });
    const handle = tidegate.run(dagId, runId);
    await eventually(async () => (await handle.describe()).status.name === 'COMPLETED');
    await Worker.runReplayHistory({ workflowBundle: await bundleWorkflows() }, await handle.fetchHistory());
  },
);
