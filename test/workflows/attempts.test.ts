import { asset, dag } from '../../sdk/index.ts';
import { parseDagId } from '../../core/ids.ts';
import { attemptClosed, runAgain, storyOf, tasksIn, whatFailed } from '../support/attempts.ts';
import { stepViolations } from '../support/steps.ts';
import { startTidegate, type Tidegate } from '../support/tidegate.ts';

const orders = asset('s3://attempts/orders');
const sums = asset('s3://attempts/sums');
const whole = asset('s3://attempts/whole');
/** Tasks that fail now. */
const broken = new Set<string>();
let made = 0;

const report = dag('report', { schedule: orders, outlets: [whole] }, (d) => {
  const read = d.task('read', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
  const sum = d.task('sum', { needs: { read }, outlets: [sums] }, async ({ needs, run }) => {
    if (broken.has('sum')) throw new Error('it broke');
    return { seqs: needs.read, attempt: run.attempt };
  });
  d.task('print', { needs: { sum } }, async ({ needs }) => needs.sum);
});
const counting = dag('counting', {}, (d) => {
  const make = d.task('make', async () => (made += 1));
  d.task('use', { needs: { make } }, async ({ needs }) => needs.make);
});
const versioned = (extra: readonly string[]) =>
  dag('versioned', {}, (d) => {
    const work = d.task('work', async () => {
      if (broken.has('versioned')) throw new Error('it broke');
    });
    for (const id of extra) d.task(id, { needs: [work] }, async () => undefined);
  });

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([report, counting, versioned([])]);
});
afterAll(() => tidegate.stop());

const createdBy = async (dagId: string) => {
  const events = tidegate.deps.db.selectFrom('asset_event').select('source_task_id').orderBy('seq');
  const rows = await events.where('source_dag_id', '=', parseDagId(dagId)).execute();
  return rows.map(({ source_task_id }) => source_task_id);
};

describe('a run that is retried from where it failed', () => {
  it('runs what failed and what lies behind it, with the results of what it keeps and its own events', async () => {
    broken.add('sum');
    const [seq] = await tidegate.post(orders.uri);
    const [first] = await tidegate.runsClosed('report', 1);
    const run = ['report', first?.run_id ?? ''] as const;
    expect(first).toMatchObject({ state: 'failed', attempt: 1 });
    expect(await createdBy('report')).toEqual([]);
    broken.clear();

    const opened = await runAgain(tidegate.deps, run, whatFailed);
    expect(opened).toMatchObject({ kind: 'opened', attempt: 2, again: ['sum', 'print'], kept: ['read'] });
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success', reason: null });
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({
      read: { state: 'success', try: 1, result: [seq], ran_in: 1 },
      sum: { state: 'success', try: 1, result: { seqs: [seq], attempt: 2 }, ran_in: null },
      print: { result: { seqs: [seq], attempt: 2 } },
    });
    expect(await tasksIn(tidegate, run, 1)).toMatchObject({
      read: { ran_in: null },
      sum: { state: 'failed' },
    });
    expect(await createdBy('report')).toEqual(['sum', null]);
    expect((await storyOf(tidegate.deps, run)).attempts).toMatchObject([
      {
        ...{ attempt: 2, who: 'ada', why: 'retry', tasks: ['sum', 'print'] },
        ...{ last_state: 'failed', last_reason: 'task sum failed', last_ended_at: first?.ended_at },
      },
    ]);
  });

  it('is run again whole with the same events, and then updates its assets once more', async () => {
    const [before] = await tidegate.runsOf('report');
    const run = ['report', before?.run_id ?? ''] as const;
    expect(await runAgain(tidegate.deps, run)).toMatchObject({ kind: 'opened', attempt: 3, kept: [] });
    expect(await attemptClosed(tidegate, run, 3)).toMatchObject({
      ...{ state: 'success', queued_at: before?.queued_at, version: 1 },
    });
    const { read, print } = await tasksIn(tidegate, run, 3);
    expect(read?.result).toEqual((await tasksIn(tidegate, run, 1))['read']?.result);
    expect(print?.result).toEqual({ seqs: read?.result, attempt: 3 });
    expect(await createdBy('report')).toEqual(['sum', null, 'sum', null]);
    expect(await tidegate.runsOf('report')).toHaveLength(1);
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });
});

describe('a task that runs again', () => {
  it('gives what runs behind it the new result, and what it kept of older attempts', async () => {
    const run = ['counting', await tidegate.trigger('counting')] as const;
    await tidegate.closed(...run);
    await runAgain(tidegate.deps, run, { tasks: ['make'], downstream: true });
    await attemptClosed(tidegate, run, 2);
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({ make: { result: 2 }, use: { result: 2 } });
    await runAgain(tidegate.deps, run, { tasks: ['use'] });
    await attemptClosed(tidegate, run, 3);
    expect(await tasksIn(tidegate, run, 3)).toMatchObject({ make: { ran_in: 2 }, use: { result: 2 } });
    await runAgain(tidegate.deps, run, { tasks: ['use'] });
    await attemptClosed(tidegate, run, 4);
    expect(await tasksIn(tidegate, run, 4)).toMatchObject({ make: { ran_in: 2 }, use: { ran_in: null } });
    expect(made).toBe(2);
  });

  it('runs by the plan its run started with, whatever is deployed now', async () => {
    broken.add('versioned');
    const run = ['versioned', await tidegate.trigger('versioned')] as const;
    expect(await tidegate.closed(...run)).toMatchObject({ state: 'failed', version: 1 });
    broken.clear();
    await tidegate.deploy([report, counting, versioned(['added'])]);
    const next = await tidegate.trigger('versioned');
    expect(await tidegate.closed('versioned', next)).toMatchObject({ version: 2 });
    await runAgain(tidegate.deps, run, whatFailed);
    expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success', version: 1 });
    expect(Object.keys(await tasksIn(tidegate, run, 2))).toEqual(['work']);
  });
});

describe('a request for another attempt', () => {
  it('that comes twice, also at once, opens one', async () => {
    const run = ['counting', await tidegate.trigger('counting')] as const;
    await tidegate.closed(...run);
    const [one, other] = await Promise.all([
      runAgain(tidegate.deps, run, {}, 1),
      runAgain(tidegate.deps, run, {}, 1),
    ]);
    expect([one?.kind, other?.kind].toSorted()).toEqual(['already', 'opened']);
    await attemptClosed(tidegate, run, 2);
    // Long after, by who never had an answer.
    expect(await runAgain(tidegate.deps, run, {}, 1)).toEqual({
      ...{ kind: 'already', attempt: 2, again: ['make', 'use'], instances: {} },
    });
    expect(await tidegate.runsOf('counting')).toContainEqual(
      expect.objectContaining({ run_id: run[1], attempt: 2 }),
    );
  });

  it('of somebody who saw an older one, and wants something else, is refused', async () => {
    const [, second] = await tidegate.runsOf('counting');
    const run = ['counting', second?.run_id ?? ''] as const;
    expect(await runAgain(tidegate.deps, run, { tasks: ['make'] }, 1)).toEqual({ kind: 'other', attempt: 2 });
  });

  it('is refused of a run that nobody knows, and of a DAG that was removed', async () => {
    expect(await runAgain(tidegate.deps, ['counting', 'nobody'])).toEqual({ kind: 'unknown' });
    const [run] = await tidegate.runsOf('versioned');
    await tidegate.deploy([report, counting]);
    expect(await runAgain(tidegate.deps, ['versioned', run?.run_id ?? ''])).toEqual({ kind: 'removed' });
  });
});
