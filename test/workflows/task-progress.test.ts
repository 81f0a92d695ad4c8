import { dag } from '../../sdk/index.ts';
import { aLatch } from '../support/latch.ts';
import { type Runs, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

const halfway = aLatch();
const cutOff = aLatch();
const large = 'x'.repeat(70_000);
const dags = [
  dag('long', { tags: ['nightly'] }, (d) => {
    d.task('copy', async ({ progress, tags, run }) => {
      progress(0.1, 'first');
      progress(0.4, `rows ${'…'.repeat(300)}`);
      await halfway.opened;
      progress(1);
      return [tags, run.attempt];
    });
  }),
  dag('resumed', {}, (d) => {
    d.task(
      'copy',
      { retries: { max: 2, initial: '10ms' } },
      ({ try: number, heartbeat, heartbeatDetails, progress }) => {
        if (number === 3) return heartbeatDetails;
        progress(0.5);
        heartbeat({ page: number, of: heartbeatDetails });
        throw new Error('it broke');
      },
    );
  }),
  dag('killed', {}, (d) => {
    d.task('copy', { heartbeatTimeout: '1s' }, async ({ try: number, heartbeat, heartbeatDetails }) => {
      if (number > 1) return heartbeatDetails;
      heartbeat({ page: 7 });
      await cutOff.opened;
      return 'never';
    });
  }),
  dag('refused', {}, (d) => {
    d.task('above', ({ progress }) => progress(1.5));
    d.task('large', ({ heartbeat }) => heartbeat(large));
    d.task('late', async ({ heartbeat, progress }) => {
      // Nobody waits for this.
      setTimeout(() => {
        heartbeat('late');
        progress(0.9);
      }, 50);
    });
  }),
];

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(async () => {
  cutOff.open();
  await runs.tidegate.stop();
});

describe('a task that says how far it is', () => {
  it('is heard while it runs, in at most 200 characters', async () => {
    const runId = await runs.tidegate.trigger('long');
    const task = await eventually(async () => {
      const [row] = await runs.tidegate.tasksOf('long', runId);
      return row?.progress === null ? undefined : row;
    });
    expect(task).toMatchObject({ state: 'running', progress: expect.closeTo(0.4, 5) });
    expect(task?.progress_note).toBe(`rows ${'…'.repeat(195)}`);
    halfway.open();
    await runs.tidegate.closed('long', runId);
    expect(await runs.tidegate.tasksOf('long', runId)).toMatchObject([
      { state: 'success', progress: 1, progress_note: null, result: [['nightly'], 1] },
    ]);
  });

  it('goes on from what its last try left', async () => {
    const { task } = await runs.taskOf('resumed');
    expect(task).toMatchObject({ state: 'success', try: 3, progress: null });
    expect(task?.result).toEqual({ page: 2, of: { page: 1, of: null } });
  });

  it('goes on from there also where its worker was lost', async () => {
    const { tidegate } = runs;
    const runId = await tidegate.trigger('killed');
    await eventually(
      async () => (await tidegate.tasksOf('killed', runId))[0]?.heartbeat_details ?? undefined,
    );
    // As after a worker that is gone: Temporal hears no more of the try.
    const handle = tidegate.run('killed', runId);
    await tidegate.deps.temporal.client.workflowService.resetActivity({
      namespace: tidegate.deps.temporal.namespace,
      execution: { workflowId: handle.workflowId },
      id: 'copy',
    });
    const run = await tidegate.closed('killed', runId);
    expect(run).toMatchObject({ state: 'success' });
    expect((await tidegate.tasksOf('killed', runId))[0]).toMatchObject({ try: 2, result: { page: 7 } });
  });

  it('is told what it cannot say', async () => {
    const { tasks } = await runs.runOf('refused');
    expect(tasks.map(({ task_id, state, error }) => [task_id, state, error])).toEqual([
      ['above', 'failed', 'progress 1.5 is not valid: use 0 to 1'],
      [
        'large',
        'failed',
        'heartbeat details are 70002 bytes as JSON, 65536 are allowed: store the data elsewhere and keep a reference',
      ],
      ['late', 'success', null],
    ]);
  });
});
