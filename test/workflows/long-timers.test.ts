import { sql } from 'kysely';
import { dag } from '../../sdk/index.ts';
import { eventually } from '../support/tidegate.ts';
import { startTimeSkippingTidegate, type TimeSkippingTidegate } from '../support/time-skipping.ts';

const fail = (): never => {
  throw new Error('not yet');
};

let tidegate: TimeSkippingTidegate;
beforeAll(async () => {
  tidegate = await startTimeSkippingTidegate([
    dag('retried_later', {}, (d) => {
      const retries = { max: 2, initial: '6 hours', factor: 3, longest: '1 day' } as const;
      d.task('work', { retries }, async ({ try: number }) => (number < 3 ? fail() : number));
    }),
    dag('stuck', {}, (d) => {
      d.task(
        'work',
        { timeout: '12 hours', heartbeatTimeout: '1 day' },
        () => new Promise<void>(() => undefined),
      );
    }),
    dag('waits_long', {}, (d) => void d.task('work', { taskQueue: 'later' }, async () => 'done')),
  ]);
});
afterAll(() => tidegate.stop());

const taskOf = async (dagId: string, runId: string) => (await tidegate.tasksOf(dagId, runId))[0];
const isTried = (dagId: string, runId: string, tries: number, state: string) =>
  eventually(async () => {
    const task = await taskOf(dagId, runId);
    return task?.try === tries && task.state === state;
  });

describe('a task that is tried again after hours', () => {
  it('waits that long, and then goes on', async () => {
    const runId = await tidegate.trigger('retried_later');
    await isTried('retried_later', runId, 1, 'up_for_retry');
    await tidegate.skip('5 hours');
    expect(await taskOf('retried_later', runId)).toMatchObject({ try: 1, state: 'up_for_retry' });
    await tidegate.skip('2 hours');
    await isTried('retried_later', runId, 2, 'up_for_retry');
    await tidegate.skip('17 hours');
    expect(await taskOf('retried_later', runId)).toMatchObject({ try: 2, state: 'up_for_retry' });
    await tidegate.skip('2 hours');
    expect(await tidegate.closed('retried_later', runId)).toMatchObject({ state: 'success' });
    expect(await taskOf('retried_later', runId)).toMatchObject({ try: 3, failures: 2, result: 3 });
  });
});

describe('a task that is stuck with its worker', () => {
  it('is given up on after its time-out, and that counts as its failure', async () => {
    const runId = await tidegate.trigger('stuck');
    await isTried('stuck', runId, 1, 'running');
    await sql
      .raw(
        `create or replace function clock() returns timestamptz language sql volatile as $$select clock_timestamp() + interval '13 hours'$$`,
      )
      .execute(tidegate.deps.db);
    await tidegate.skip('13 hours', 1);
    expect(await tidegate.closed('stuck', runId)).toMatchObject({ state: 'failed' });
    expect(await taskOf('stuck', runId)).toMatchObject({
      ...{ try: 2, state: 'failed' },
      error: 'the try before took longer than its time-out of 43200000 ms',
    });
  });
});

describe('a task whose queue has no worker', () => {
  it('waits for days, and runs when one comes', async () => {
    const runId = await tidegate.trigger('waits_long');
    await eventually(async () => (await tidegate.gate('waits_long')).activeRuns.length === 1);
    await tidegate.skip('3 days', 1);
    expect(await tidegate.tasksOf('waits_long', runId)).toEqual([]);
    await tidegate.startWorker({ identity: 'late', taskQueue: 'later' });
    expect(await tidegate.closed('waits_long', runId)).toMatchObject({ state: 'success' });
  });
});
