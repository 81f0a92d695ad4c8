import { ClearedTaskInstances } from '../../api/contract/clearing.ts';
import { TaskInstanceCollection } from '../../api/contract/task-instances.ts';
import { exitStatus } from '../../cli/exit-status.ts';
import { dag } from '../../sdk/index.ts';
import { attemptClosed } from '../support/attempts.ts';
import { type ServedApi, serveApi } from '../support/served-api.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';
import { type Ended, runHere } from './run-command.ts';

const load = dag('load', {}, (d) => {
  const fetch = d.task('fetch', async ({ run, signal }) => {
    if (run.conf['wait'] !== true) return;
    await new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('told to stop')));
    });
  });
  const clean = d.task('clean', { needs: [fetch] }, async ({ run }) => {
    if (run.conf['fail'] === run.attempt) throw new Error('it broke');
  });
  d.task('store', { needs: [clean] }, async () => undefined);
});

const spread = dag('spread', {}, (d) => {
  const list = d.task('list', async () => [0, 1, 2]);
  const each = d.map('each', list, async ({ item, run }) => {
    if (item === 1 && run.attempt === 1) throw new Error('it broke');
  });
  d.task('all', { needs: [each] }, async () => undefined);
});

let tidegate: Tidegate;
let served: ServedApi;
beforeAll(async () => {
  tidegate = await startTidegate([load, spread]);
  served = await serveApi(tidegate.deps);
});
afterAll(async () => {
  await served.close();
  await tidegate.stop();
});

const run = (...args: readonly string[]): Promise<Ended> =>
  runHere(args, { env: { TIDEGATE_API_URL: served.url, USER: 'ada' } });
const failedRun = async (attempt = 1) => {
  const runId = await tidegate.trigger('load', { fail: attempt });
  await tidegate.closed('load', runId);
  return runId;
};
const attemptOf = async (runId: string) =>
  (await tidegate.runsOf('load')).find(({ run_id }) => run_id === runId)?.attempt;

describe('running again', () => {
  it('says what would run and what is kept, and changes nothing', async () => {
    const runId = await failedRun();
    const ended = await run('runs', 'retry', 'load', runId, '--dry-run');
    expect(ended).toEqual({
      status: exitStatus.ok,
      stdout: [
        ...['dag      load', `run      ${runId}`, 'attempt  2', '', 'tasks', 'TASK   WAS              NOW'],
        ...[
          'clean  failed           runs again',
          'store  upstream_failed  runs again',
          'fetch  -                kept',
          '',
        ],
      ].join('\n'),
      stderr: 'nothing was changed: leave out --dry-run to run it\n',
    });
    expect(await attemptOf(runId)).toBe(1);
  });

  it('retries what failed, waits for it, and shows the attempts there were', async () => {
    const runId = await failedRun();
    const { status, stdout, stderr } = await run('runs', 'retry', 'load', runId, '--wait');
    expect({ status, stderr }).toMatchObject({
      status: exitStatus.ok,
      stderr: expect.stringMatching(/: success\n$/),
    });
    expect(stdout).toMatch(/attempt {2}2\nstate {4}success\n/);
    const shown = await run('runs', 'show', 'load', runId);
    expect(shown.stdout).toMatch(
      /\nattempts\nATTEMPT {2}STATE .+\n1 +failed +- +- .+task clean failed\n2 +success +retry +ada /,
    );
    expect(await attemptOf(runId)).toBe(2);
  });

  it('runs all of it again, or the tasks that are named with what lies behind them', async () => {
    const runId = await failedRun(0);
    await run('runs', 'rerun', 'load', runId, '--wait');
    const cleared = await run('tasks', 'clear', 'load', runId, 'clean', '--downstream', '-o', 'json');
    expect(ClearedTaskInstances.parse(JSON.parse(cleared.stdout))).toMatchObject({
      ...{ attempt: 3, kept_task_ids: ['fetch'] },
      task_instances: [{ task_id: 'clean' }, { task_id: 'store' }],
    });
    expect(await attemptClosed(tidegate, ['load', runId], 3)).toMatchObject({ state: 'success' });
  });

  it('that fails again ends --wait with 1, and what cannot be done says why', async () => {
    const runId = await failedRun();
    const again = await run('tasks', 'clear', 'load', runId, 'clea');
    expect(again).toMatchObject({
      status: exitStatus.failed,
      stderr: expect.stringContaining("did you mean 'clean'"),
    });
    const fails = await failedRun(2);
    expect(await run('runs', 'rerun', 'load', fails, '--wait')).toMatchObject({ status: exitStatus.failed });
    const fine = await failedRun(0);
    const none = await run('runs', 'retry', 'load', fine);
    expect(none).toMatchObject({
      status: exitStatus.failed,
      stderr: expect.stringMatching(/none of these tasks failed/),
    });
  });
});

describe('single instances of a mapped task', () => {
  const spreadRun = async () => {
    const runId = await tidegate.trigger('spread');
    await tidegate.closed('spread', runId);
    return runId;
  };

  it('run again alone, and are listed one by one', async () => {
    const runId = await spreadRun();
    const asked = ['tasks', 'clear', 'spread', runId, 'each', '--map-index', '0,1'];
    const dry = await run(...asked, '--dry-run');
    expect(dry.stdout.split('\n').slice(5)).toEqual([
      'TASK     WAS              NOW',
      'each[0]  success          runs again',
      'each[1]  failed           runs again',
      'all      upstream_failed  runs again',
      'list     -                kept',
      '',
    ]);
    const { status, stdout } = await run(...asked, '--wait');
    expect({ status, stdout }).toEqual({
      status: exitStatus.ok,
      stdout: expect.stringMatching(/state {4}success/),
    });
    const listed = await run('tasks', 'instances', 'spread', runId, 'each', '-o', 'json');
    expect(TaskInstanceCollection.parse(JSON.parse(listed.stdout)).task_instances).toMatchObject([
      { map_index: 0, attempt: 2 },
      { map_index: 1, attempt: 2 },
      { map_index: 2, attempt: 1 },
    ]);
  });

  it('are marked, and the run says which', async () => {
    const runId = await spreadRun();
    const marked = await run('tasks', 'mark', 'spread', runId, 'each', 'success', '--map-index', '1');
    expect(marked.stdout).toMatch(/\ntask {3}each\[1\]\nstate {2}success\n$/);
    expect((await run('runs', 'show', 'spread', runId)).stdout).toMatch(/task each\[1\] was failed/);
    expect((await run('runs', 'retry', 'spread', runId, '--dry-run')).stdout).toMatch(/each +- +kept/);
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['of no task', ['--map-index', '1'], exitStatus.invalid, /is of one task, and 0 are named/],
    ['of two', ['each', 'list', '--map-index', '1'], exitStatus.invalid, /is of one task, and 2 are named/],
    ['that are no numbers', ['each', '--map-index', '1,x'], exitStatus.invalid, /such as 3,7/],
    ['that are not there', ['each', '--map-index', '3'], exitStatus.failed, /3 instances of it, from 0 to 2/],
    ['of what is not mapped', ['list', '--map-index', '0'], exitStatus.invalid, /is not mapped/],
  ])('%s are refused', async (_, args, status, message) => {
    const runId = await spreadRun();
    const ended = await run('tasks', 'clear', 'spread', runId, ...args);
    expect(ended).toMatchObject({ status, stderr: expect.stringMatching(message) });
    const [row] = (await tidegate.runsOf('spread')).filter(({ run_id }) => run_id === runId);
    expect(row?.attempt).toBe(1);
  });
});

describe('marking', () => {
  it('gives a task a state, after which what lies behind it can be retried', async () => {
    const runId = await failedRun();
    const marked = await run('tasks', 'mark', 'load', runId, 'clean', 'success', '-n', 'done by hand');
    expect(marked).toMatchObject({
      status: exitStatus.ok,
      stdout: expect.stringMatching(/\nstate {2}success\n$/),
    });
    expect(marked.stderr).toMatch(/`tidegate runs retry`/);
    const shown = await run('runs', 'show', 'load', runId);
    expect(shown.stdout).toMatch(/task clean was failed: done by hand/);
    expect((await run('runs', 'retry', 'load', runId, '--wait')).stdout).toMatch(/clean +- +kept/);
  });

  it('gives a run a state, at once where it has ended and else when its tasks have stopped', async () => {
    const ended = await failedRun();
    expect((await run('runs', 'mark', 'load', ended, 'success')).stdout).toMatch(/\nstate {2}success\n$/);
    const open = await tidegate.trigger('load', { wait: true });
    await eventually(async () => (await tidegate.tasksOf('load', open)).length === 1);
    const told = await run('runs', 'mark', 'load', open, 'success', '--who', 'grace');
    expect(told.stderr).toMatch(/^its tasks were told to stop; then it is success/);
    expect(await tidegate.closed('load', open)).toMatchObject({
      state: 'success',
      reason: 'marked success by grace',
    });
    expect(await run('runs', 'mark', 'load', open, 'queued')).toMatchObject({ status: exitStatus.invalid });
  });
});
