import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandOf } from '../../dev/processes.ts';
import { type Runs, startRuns } from '../support/runs.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { eventually } from '../support/tidegate.ts';
import { all, history, orders, sizes } from './isolated-dags.ts';

let runs: Runs;
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await createTemporaryFolder();
  const file = fileURLToPath(new URL('isolated-dags.ts', import.meta.url));
  runs = await startRuns(Object.values(all), { fileOf: () => file });
});
afterAll(async () => {
  await runs.tidegate.stop();
  await folder.remove();
});

/** The pid that a task left. */
const pidOf = (name: string): Promise<number> =>
  eventually(
    async () => Number(await readFile(join(folder.path, name), 'utf8').catch(() => '')) || undefined,
    60_000,
  );
const gone = (pid: number): Promise<boolean> => eventually(async () => commandOf(pid) === undefined);

describe('an isolated task', () => {
  it('keeps its worker from nothing while it is busy', async () => {
    const { tidegate } = runs;
    const runId = await tidegate.trigger('busy', { folder: folder.path });
    expect(commandOf(await pidOf('spinning'))).toContain('isolated/main.ts');
    await tidegate.post(history.uri);
    // All of this is done by the worker whose task spins until it is told to stop: below.
    expect(await tidegate.runsClosed('quick', 1)).toMatchObject([{ state: 'success' }]);
    const byHand = await tidegate.trigger('quick');
    expect(await tidegate.closed('quick', byHand)).toMatchObject({ state: 'success' });
    const task = await eventually(async () => {
      const [row] = await tidegate.tasksOf('busy', runId);
      return row?.progress === null ? undefined : row;
    });
    expect(task).toMatchObject({ state: 'running', try: 1, progress_note: 'round and round' });
    await writeFile(join(folder.path, 'enough'), '');
    expect(await tidegate.closed('busy', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('busy', runId)).toMatchObject([{ try: 1, result: true }]);
  });

  it('is ended when its time is out, whatever it does', async () => {
    const { task } = await runs.taskOf('endless', { folder: folder.path });
    expect(task).toMatchObject({
      state: 'failed',
      error: 'the try took longer than its time-out of 5000 ms',
    });
    expect(await gone(await pidOf('endless'))).toBe(true);
  });

  it('is ended when it is cancelled, whatever it does', async () => {
    const { tidegate } = runs;
    const runId = await tidegate.trigger('cancelled', { folder: folder.path });
    const pid = await pidOf('cancelled');
    await tidegate.run('cancelled', runId).cancel();
    expect(await gone(pid)).toBe(true);
    await tidegate.closed('cancelled', runId);
    expect(await tidegate.tasksOf('cancelled', runId)).toMatchObject([
      { state: 'failed', error: 'cancelled' },
    ]);
  });

  it('hears that it is to stop, and has its grace', async () => {
    const { tidegate } = runs;
    const runId = await tidegate.trigger('obedient', { folder: folder.path });
    await pidOf('obedient');
    await tidegate.run('obedient', runId).cancel();
    await tidegate.closed('obedient', runId);
    expect(await readFile(join(folder.path, 'cleaned'), 'utf8')).toBe('CANCELLED');
  });

  it('fails its try when its process breaks, and harms no other', async () => {
    const { tasks } = await runs.runOf('broken');
    const memory =
      'the task used more than its memory of 256 MiB: give it more by isolate: { memory }, or let it work in parts';
    expect(tasks.map(({ task_id, state, error }) => [task_id, state, error])).toEqual([
      ['buffers', 'failed', memory],
      ['exits', 'failed', 'the process of the task ended with exit status 3 before its code did'],
      ['heap', 'failed', memory],
      ['rejects', 'failed', 'nobody catches this'],
    ]);
    const before = (await runs.tidegate.runsOf('quick')).length;
    await runs.tidegate.post(history.uri);
    expect(await runs.tidegate.runsClosed('quick', before + 1)).toHaveLength(before + 1);
  });

  it('fails, waits and skips as its code says', async () => {
    const { tasks } = await runs.runOf('failing');
    expect(tasks.map(({ task_id, state, try: tried, error }) => [task_id, state, tried, error])).toEqual([
      ['forbidden', 'failed', 1, 'no such table'],
      ['later', 'success', 2, null],
      ['named', 'failed', 1, 'no such column'],
      ['plain', 'failed', 1, 'it broke'],
      ['skipped', 'skipped', 1, 'not today'],
      ['unwritable', 'failed', 1, expect.stringContaining("the task's result cannot be written as JSON")],
    ]);
  });

  it('has the context of any other task, and its errors where they happen', async () => {
    const { tidegate } = runs;
    await tidegate.postWith(orders.uri, { extra: { rows: 4 } });
    const [run] = await tidegate.runsClosed('consumer', 1);
    const tasks = await tidegate.tasksOf('consumer', run?.run_id ?? '');
    expect(tasks.map(({ task_id, state, error }) => [task_id, state, error])).toEqual([
      ['made', 'success', null],
      ['use', 'success', null],
    ]);
    expect(tasks[1]?.result).toMatchObject({
      ...{ rows: [4], params: { n: 3 }, tags: ['nightly'], trigger: 'asset', try: 1, attempt: 1 },
      refused: [
        'undeclared_outlet',
        'invalid_input',
        'undeclared_inlet',
        'invalid_input',
        'invalid_input',
        'invalid_input',
      ],
      ...{ made: { rows: [1, 2] }, last: { rows: 4 }, length: 1, sliced: 0, past: 1, waited: 9 },
      unloaded: expect.stringContaining('IO managers load in the process of the worker'),
    });
    const lines = await tidegate.deps.db
      .selectFrom('task_log')
      .select(['message', 'fields'])
      .where('message', '=', 'using')
      .execute();
    expect(lines).toEqual([{ message: 'using', fields: { rows: [1, 2] } }]);
    const events = await tidegate.deps.db
      .selectFrom('asset_event')
      .innerJoin('asset', 'asset.id', 'asset_event.asset_id')
      .select(['asset.uri', 'asset_event.extra', 'asset_event.partition_key'])
      .where('asset_event.source_run_id', '=', run?.run_id ?? null)
      .orderBy('asset_event.seq')
      .execute();
    expect(events.map(({ uri, extra, partition_key }) => [uri, extra, partition_key])).toEqual([
      [history.uri, { n: 9 }, null],
      [history.uri, { by: 'isolated' }, 'a'],
      [history.uri, {}, null],
      [sizes.uri, { rows: 2 }, null],
      ['s3://lake/files/1', {}, null],
    ]);
  });

  it('may be mapped, choose, and start runs', async () => {
    const { run, tasks } = await runs.runOf('shaped');
    expect(run).toMatchObject({ state: 'success' });
    expect(tasks.map(({ task_id, map_index, state, result }) => [task_id, map_index, state, result])).toEqual(
      [
        ['choose', -1, 'success', ['left']],
        ['each', 0, 'success', 'a0'],
        ['each', 1, 'success', 'b1'],
        ['left', -1, 'success', null],
        ['list', -1, 'success', ['a', 'b']],
        ['right', -1, 'skipped', null],
        ['starts', -1, 'success', { each: ['a0', 'b1'], dagId: 'quick', isNew: true }],
      ],
    );
  });
});
