import type { CallbackCause } from '../../core/callback.ts';
import { dag } from '../../sdk/index.ts';
import { cancelRun } from '../../temporal/control.ts';
import { aLatch } from '../support/latch.ts';
import { fail, ok, type Runs, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

const causes: Record<string, CallbackCause[]> = {};
const note = ({ dagId, cause }: { readonly dagId: string; readonly cause: CallbackCause }): void =>
  void (causes[dagId] ??= []).push(cause);
const held = aLatch();

const dags = [
  dag('succeeds', {}, (d) => {
    d.task('work', ok);
    d.onSuccess('tell', {}, (context) => note(context));
    d.onFailure('warn', {}, (context) => note(context));
    d.onLate('late', { after: '1 hour' }, (context) => note(context));
  }),
  dag('fails', {}, (d) => {
    const work = d.task('work', { retries: { max: 2, initial: '10ms' } }, fail);
    d.task('behind', { needs: [work] }, ok);
    d.onFailure('warn', { retries: { max: 1, initial: '10ms' } }, (context) => {
      note(context);
      if (context.try === 1) throw new Error('nobody there');
      context.log.info('told', { reason: context.cause.reason });
    });
    d.onRetry('again', {}, (context) => note(context));
    d.onSuccess('tell', {}, (context) => note(context));
  }),
  dag('mapped', {}, (d) => {
    const list = d.task('list', () => ['a', 'b']);
    d.map('each', list, { retries: { max: 1, initial: '10ms' } }, ({ item, try: number }) =>
      item === 'b' && number === 1 ? fail() : item,
    );
    d.onRetry('again', {}, (context) => note(context));
  }),
  dag('breaks', {}, (d) => {
    d.task('work', ok);
    d.onSuccess('tell', {}, fail);
  }),
  dag('takes_long', {}, (d) => {
    d.task('work', () => held.opened);
    d.onLate('late', { after: '300ms' }, (context) => {
      note(context);
      held.open();
    });
  }),
  dag('cancelled', {}, (d) => {
    d.wait('work', { for: '1 hour' });
    d.onFailure('warn', {}, (context) => note(context));
  }),
];

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(() => runs.tidegate.stop());

describe('a callback', () => {
  it('is called for how the run ended, and for nothing else', async () => {
    const { run, states } = await runs.runOf('succeeds');
    expect(run.state).toBe('success');
    expect(states).toEqual({ work: 'success', tell: 'success' });
    expect(causes['succeeds']).toEqual([{ kind: 'success' }]);
  });

  it('is a task of its own, with tries and a log, and is told what failed and what is tried again', async () => {
    const { run, states, tasks } = await runs.runOf('fails');
    expect(run).toMatchObject({ state: 'failed', reason: 'task work failed' });
    expect(states).toMatchObject({ work: 'failed', behind: 'upstream_failed', warn: 'success' });
    expect(causes['fails']).toEqual([
      { kind: 'retry', taskId: 'work', mapIndex: -1, try: 1, error: 'it broke' },
      { kind: 'retry', taskId: 'work', mapIndex: -1, try: 2, error: 'it broke' },
      { kind: 'failure', reason: 'task work failed', failedTasks: ['work'] },
      { kind: 'failure', reason: 'task work failed', failedTasks: ['work'] },
    ]);
    const calls = tasks.filter(({ task_id }) => task_id === 'again');
    expect(calls.map(({ map_index, state }) => [map_index, state])).toEqual([
      [0, 'success'],
      [1, 'success'],
    ]);
    const logged = await runs.tidegate.deps.db
      .selectFrom('task_log')
      .select('fields')
      .where('run_id', '=', run.run_id)
      .where('message', '=', 'told')
      .execute();
    expect(logged).toEqual([{ fields: { reason: 'task work failed' } }]);
  });

  it('is told of instances of mapped tasks', async () => {
    expect((await runs.runOf('mapped')).run.state).toBe('success');
    expect(causes['mapped']).toEqual([
      { kind: 'retry', taskId: 'each', mapIndex: 1, try: 1, error: 'it broke' },
    ]);
  });

  it('changes nothing about its run when it fails', async () => {
    const { run, states } = await runs.runOf('breaks');
    expect(run).toMatchObject({ state: 'success', reason: null });
    expect(states).toEqual({ work: 'success', tell: 'failed' });
  });

  it('is called while a run takes long', async () => {
    const { run } = await runs.runOf('takes_long');
    expect(run.state).toBe('success');
    expect(causes['takes_long']).toEqual([{ kind: 'late', afterMs: 300 }]);
  });

  it('is called when a run is cancelled', async () => {
    const runId = await runs.tidegate.trigger('cancelled');
    await eventually(async () => (await runs.tidegate.tasksOf('cancelled', runId)).length === 1);
    const [run] = await runs.tidegate.runsOf('cancelled');
    if (run === undefined) throw new Error('no run');
    await cancelRun(runs.tidegate.deps, { dagId: run.dag_id, runId: run.run_id, attempt: 1 });
    expect(await runs.tidegate.closed('cancelled', runId)).toMatchObject({ reason: 'cancelled' });
    expect(causes['cancelled']).toEqual([{ kind: 'failure', reason: 'cancelled', failedTasks: ['work'] }]);
  });
});
