import { parseDagId, parseRunId } from '../../core/ids.ts';
import { dag } from '../../sdk/index.ts';
import { cancelRun } from '../../temporal/control.ts';
import { aLatch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const latch = aLatch();
/** Neither listens to its signal. */
const deaf = dag('deaf', { defaults: { cancelGrace: '1 hour' } }, (d) => {
  d.task('impatient', { cancelGrace: '50ms' }, () => latch.opened);
  d.task('patient', async () => {
    await latch.opened;
    return 'done';
  });
});

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([deaf]);
});
afterAll(async () => {
  latch.open();
  await tidegate.stop();
});

describe('a task that does not stop when it is told to', () => {
  it('is given up on after its grace, and keeps what it gives back within it', async () => {
    const runId = await tidegate.trigger('deaf');
    const tasks = async () => {
      const rows = await tidegate.tasksOf('deaf', runId);
      return Object.fromEntries(rows.map((row) => [row.task_id, row]));
    };
    await eventually(async () => Object.keys(await tasks()).length === 2);
    const dagId = parseDagId('deaf');
    await cancelRun(tidegate.deps, { dagId, runId: parseRunId(dagId, runId), attempt: 1 });
    await eventually(async () => (await tasks())['impatient']?.state === 'failed');
    expect((await tasks())['patient']).toMatchObject({ state: 'running' });
    latch.open();
    expect(await tidegate.closed('deaf', runId)).toMatchObject({ state: 'failed', reason: 'cancelled' });
    expect(await tasks()).toMatchObject({
      impatient: { state: 'failed', error: 'cancelled', result: null },
      patient: { state: 'success', result: 'done' },
    });
  });
});
