import { sql } from 'kysely';
import { parseDagId, parseRunId } from '../../core/ids.ts';
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
/** Waits until the server holds the task's activity for its `attempt`th try, so that its timers run. */
const isPending = (dagId: string, runId: string, attempt: number) =>
  eventually(async () => {
    const description = await tidegate
      .run(dagId, runId)
      .describe()
      .catch(() => undefined);
    const [activity] = description?.raw.pendingActivities ?? [];
    return activity?.attempt === attempt;
  });

describe('a task that is tried again after hours', () => {
  it('waits that long, and then goes on', async () => {
    const runId = await tidegate.trigger('retried_later');
    await isPending('retried_later', runId, 2);
    await tidegate.skip('5 hours');
    expect(await taskOf('retried_later', runId)).toMatchObject({ try: 1, state: 'up_for_retry' });
    await tidegate.skip('2 hours');
    await isPending('retried_later', runId, 3);
    await tidegate.skip('16 hours');
    expect(await taskOf('retried_later', runId)).toMatchObject({ try: 2, state: 'up_for_retry' });
    await tidegate.skip('3 hours');
    expect(await tidegate.closed('retried_later', runId)).toMatchObject({ state: 'success' });
    expect(await taskOf('retried_later', runId)).toMatchObject({ try: 3, failures: 2, result: 3 });
  });
});

describe('a task that is stuck with its worker', () => {
  it('is given up on after its third time-out', async () => {
    const runId = await tidegate.trigger('stuck');
    await eventually(async () => (await taskOf('stuck', runId))?.state === 'running');
    const { db } = tidegate.deps;
    // Two tries before this one ended in the same way.
    await db
      .updateTable('task_run')
      .set({ silent_tries: 2 })
      .where('run_id', '=', parseRunId(parseDagId('stuck'), runId))
      .execute();
    await sql
      .raw(
        `create or replace function clock() returns timestamptz language sql volatile as $$select clock_timestamp() + interval '13 hours'$$`,
      )
      .execute(db);
    await tidegate.skip('13 hours', 1);
    expect(await tidegate.closed('stuck', runId)).toMatchObject({ state: 'failed' });
    expect(await taskOf('stuck', runId)).toMatchObject({
      ...{ try: 2, state: 'failed' },
      error: 'the tries before took longer than their time-out of 43200000 ms',
    });
  });
});

describe('a task whose queue has no worker', () => {
  it('waits for days, and runs when one comes', async () => {
    const runId = await tidegate.trigger('waits_long');
    await isPending('waits_long', runId, 1);
    await tidegate.skip('3 days', 1);
    expect(await tidegate.tasksOf('waits_long', runId)).toEqual([]);
    await tidegate.startWorker({ identity: 'late', taskQueue: 'later' });
    expect(await tidegate.closed('waits_long', runId)).toMatchObject({ state: 'success' });
  });
});
