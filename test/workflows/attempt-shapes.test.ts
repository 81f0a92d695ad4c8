import { asset, dag } from '../../sdk/index.ts';
import { parseDagId } from '../../core/ids.ts';
import { attemptClosed, runAgain, tasksIn, whatFailed } from '../support/attempts.ts';
import { fail, ok } from '../support/runs.ts';
import { startTidegate, type Tidegate } from '../support/tidegate.ts';

const parts = asset('s3://attempt-shapes/parts');
/** What fails now. */
const broken = new Set(['mapped', 'branched', 'around', 'waited']);
const ran: string[] = [];
const failing = (id: string) => {
  if (broken.has(id)) fail();
};

const dags = [
  dag('mapped', {}, (d) => {
    const list = d.task('list', async () => ['a', 'b', 'c']);
    const each = d.map('each', list, { outlets: [parts] }, async ({ item, run, emit }) => {
      if (item === 'b') failing('mapped');
      emit(parts, { extra: { item } });
      return `${item}${run.attempt}`;
    });
    d.task('all', { needs: { each } }, async ({ needs }) => needs.each);
  }),
  dag('branched', {}, (d) => {
    const choose = d.branch('choose', {}, async () => 'left');
    const left = d.task('left', { needs: [choose] }, () => failing('branched'));
    const right = d.task('right', { needs: [choose] }, ok);
    // Something that runs again lies before it, and what it was left out by does not.
    const other = d.task('other', () => failing('branched'));
    d.task('behind_both', { needs: [right, other], triggerRule: 'all_done' }, ok);
    d.task('end', { needs: [left] }, ok);
  }),
  dag('around', {}, (d) => {
    const note = (id: string) => () => void ran.push(id);
    const up = d.task('up', note('up'));
    const first = d.task('first', { needs: [up] }, note('first'));
    const second = d.task('second', { needs: [first] }, () => {
      ran.push('second');
      failing('around');
    });
    d.task('down', { needs: [second], teardownOf: up }, note('down'));
    d.task('beside', note('beside'));
  }),
  dag('waited', {}, (d) => {
    const pause = d.wait('pause', { for: '50ms' });
    const file = d.waitFor('file', { needs: [pause], every: '1s' }, async () => 'file');
    d.task('read', { needs: { file } }, ({ needs }) => {
      failing('waited');
      return needs.file;
    });
  }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const retried = async (dagId: string) => {
  const run = [dagId, await tidegate.trigger(dagId)] as const;
  expect(await tidegate.closed(...run)).toMatchObject({ state: 'failed' });
  broken.delete(dagId);
  await runAgain(tidegate.deps, run, whatFailed);
  expect(await attemptClosed(tidegate, run, 2)).toMatchObject({ state: 'success', reason: null });
  return run;
};

describe('retrying a run', () => {
  it('runs only those instances of a mapped task again that failed', async () => {
    const run = await retried('mapped');
    const rows = (await tidegate.tasksOf(...run)).filter(
      ({ attempt, task_id }) => attempt === 2 && task_id === 'each',
    );
    expect(rows.map(({ map_index, state, ran_in, result }) => [map_index, state, ran_in, result])).toEqual([
      [0, 'success', 1, 'a1'],
      [1, 'success', null, 'b2'],
      [2, 'success', 1, 'c1'],
    ]);
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({
      list: { ran_in: 1 },
      all: { result: ['a1', 'b2', 'c1'] },
    });
    const events = tidegate.deps.db.selectFrom('asset_event').select(['source_map_index']).orderBy('seq');
    expect(await events.where('source_dag_id', '=', parseDagId('mapped')).execute()).toEqual([
      { source_map_index: 0 },
      { source_map_index: 2 },
      { source_map_index: 1 },
    ]);
  });

  it('keeps what a branch left out', async () => {
    const run = await retried('branched');
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({
      ...{ choose: { ran_in: 1 }, left: { state: 'success', ran_in: null }, right: { state: 'skipped' } },
      ...{ behind_both: { state: 'success' }, end: { state: 'success' } },
    });
  });

  it('sets up anew what it runs in, and tears it down', async () => {
    const run = await retried('around');
    // Which of two that need nothing comes first is left to chance.
    expect(ran.filter((id) => id !== 'beside')).toEqual([
      'up',
      'first',
      'second',
      'down',
      'up',
      'second',
      'down',
    ]);
    expect(ran.filter((id) => id === 'beside')).toHaveLength(1);
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({ first: { ran_in: 1 }, beside: { ran_in: 1 } });
  });

  it('does not wait again for what is there', async () => {
    const run = await retried('waited');
    expect(await tasksIn(tidegate, run, 2)).toMatchObject({
      ...{ pause: { ran_in: 1 }, file: { ran_in: 1 }, read: { ran_in: null, result: 'file' } },
    });
  });
});
