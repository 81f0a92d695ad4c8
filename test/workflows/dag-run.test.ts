import { z } from 'zod';
import { dag, type DagDefinition } from '../../sdk/index.ts';
import { fail, ok, type Runs, skip, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

/** One task that ends in some way, and one that needs it under each rule. */
const rules = (id: string, ends: readonly (() => unknown)[]): DagDefinition =>
  dag(id, {}, (d) => {
    const upstream = ends.map((end, index) => d.task(`up_${index}`, end));
    for (const triggerRule of [
      'all_success',
      'all_done',
      'one_failed',
      'one_success',
      'none_failed',
    ] as const) {
      d.task(triggerRule, { needs: upstream, triggerRule }, ok);
    }
  });

const dags = [
  dag('results', { params: z.object({ factor: z.number().default(2) }) }, (d) => {
    const rows = d.task('rows', async () => [1, 2, 3]);
    const parts = [0, 1, 2].map((index) =>
      d.task(
        `part_${index}`,
        { needs: { rows } },
        async ({ needs, params }) => (needs.rows[index] ?? 0) * params.factor,
      ),
    );
    const [a, b, c] = parts;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no parts');
    d.task('sum', { needs: { a, b, c } }, async ({ needs }) => needs.a + needs.b + needs.c);
  }),
  rules('all_succeed', [ok, ok]),
  rules('one_fails', [ok, fail]),
  rules('one_skips', [ok, skip]),
  rules('all_fail', [fail, fail]),
  rules('all_skip', [skip, skip]),
  dag('chain', {}, (d) => {
    const first = d.task('first', fail);
    const second = d.task('second', { needs: [first] }, ok);
    const third = d.task('third', { needs: [second] }, ok);
    d.task('cleanup', { needs: [third], triggerRule: 'all_done' }, ok);
    d.task('last', { needs: [third] }, ok);
  }),
  dag('recovered', {}, (d) => {
    const first = d.task('first', fail);
    d.task('cleanup', { needs: [first], triggerRule: 'all_done' }, ok);
  }),
  dag('skips', {}, (d) => {
    const first = d.task('first', async ({ skip: skipped }) => skipped('no data'));
    const second = d.task('second', { needs: [first] }, ok);
    d.task('third', { needs: [second], triggerRule: 'none_failed' }, ok);
  }),
];

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(() => runs.tidegate.stop());

describe('a run of several tasks', () => {
  it('gives each task what those it needs returned, fanned out and in', async () => {
    const { run, tasks } = await runs.runOf('results', { factor: 10 });
    expect(run).toMatchObject({ state: 'success', reason: null, trigger: 'manual', attempt: 1 });
    expect(Object.fromEntries(tasks.map(({ task_id, result }) => [task_id, result]))).toEqual({
      ...{ rows: [1, 2, 3], part_0: 10, part_1: 20, part_2: 30 },
      sum: 60,
    });
  });

  it('closes with the state and the reason that its last tasks give it, upstream failures included', async () => {
    const { run, states } = await runs.runOf('chain');
    expect(run).toMatchObject({ state: 'failed', reason: 'task first failed' });
    expect(states).toEqual({
      ...{ first: 'failed', second: 'upstream_failed', third: 'upstream_failed' },
      ...{ cleanup: 'success', last: 'upstream_failed' },
    });
  });

  it('succeeds when what needs a failed task succeeds all the same', async () => {
    const { run, states } = await runs.runOf('recovered');
    expect(run).toMatchObject({ state: 'success' });
    expect(states).toEqual({ first: 'failed', cleanup: 'success' });
  });

  it('passes a skip on to what needs it, and is no failure', async () => {
    const { run, states, tasks } = await runs.runOf('skips');
    expect(run).toMatchObject({ state: 'success', reason: null });
    expect(states).toEqual({ first: 'skipped', second: 'skipped', third: 'success' });
    expect(tasks[0]).toMatchObject({ error: 'no data', failures: 0 });
  });
});

describe('a trigger rule', () => {
  it.each([
    ['all_succeed', ['success', 'success', 'skipped', 'success', 'success']],
    ['one_fails', ['upstream_failed', 'success', 'success', 'success', 'upstream_failed']],
    ['one_skips', ['skipped', 'success', 'skipped', 'success', 'success']],
    ['all_fail', ['upstream_failed', 'success', 'success', 'upstream_failed', 'upstream_failed']],
    ['all_skip', ['skipped', 'success', 'skipped', 'skipped', 'success']],
  ])('says what starts when %s', async (dagId, [all, done, oneFailed, oneSuccess, noneFailed]) => {
    const { states } = await runs.runOf(dagId);
    expect(states).toMatchObject({
      ...{ all_success: all, all_done: done, one_failed: oneFailed },
      ...{ one_success: oneSuccess, none_failed: noneFailed },
    });
  });
});

describe('runs that have ended', () => {
  it('leave no slot taken', async () => {
    await eventually(async () => (await runs.tidegate.gate('results')).activeRuns.length === 0);
    expect(await runs.open()).toEqual([]);
  });
});
