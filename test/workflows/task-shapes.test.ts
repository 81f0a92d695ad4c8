import { z } from 'zod';
import { dag } from '../../sdk/index.ts';
import { cancelRun } from '../../temporal/control.ts';
import { aLatch } from '../support/latch.ts';
import { fail, ok, type Runs, startRuns } from '../support/runs.ts';

const looks: number[] = [];
const held = aLatch();
const tornDown: string[] = [];
const soon = () => new Date(Date.now() + 700).toISOString();

const dags = [
  dag('branches', {}, (d) => {
    const choose = d.branch('choose', {}, async () => ['left', 'join']);
    const left = d.task('left', { needs: [choose] }, ok);
    const right = d.task('right', { needs: [choose] }, ok);
    const farther = d.task('farther', { needs: [right] }, ok);
    d.task('join', { needs: [choose, left, farther], triggerRule: 'none_failed' }, ok);
  }),
  dag('branches_to_nothing', {}, (d) => {
    const choose = d.branch('choose', {}, async () => []);
    d.task('left', { needs: [choose] }, ok);
  }),
  dag('branches_astray', {}, (d) => {
    const choose = d.branch('choose', {}, async () => 'lefd');
    d.task('left', { needs: [choose] }, ok);
  }),
  dag('stops_all', {}, (d) => {
    const setUp = d.task('set_up', ok);
    const check = d.shortCircuit('check', { needs: [setUp] }, async () => 0);
    const next = d.task('next', { needs: [check] }, ok);
    d.task('always', { needs: [next], triggerRule: 'all_done' }, ok);
    d.task('tear_down', { needs: [next], teardownOf: setUp }, ok);
  }),
  dag('stops_next', {}, (d) => {
    const check = d.shortCircuit('check', { skips: 'next' }, async () => false);
    const next = d.task('next', { needs: [check] }, ok);
    d.task('always', { needs: [next], triggerRule: 'all_done' }, ok);
  }),
  dag('goes_on', {}, (d) => {
    const check = d.shortCircuit('check', {}, async () => 'yes');
    d.task('next', { needs: { check } }, async ({ needs }) => needs.check);
  }),
  dag('grouped', {}, (d) => {
    const list = d.task('list', async () => 3);
    const ingest = d.group('ingest', { needs: [list] }, (g) => {
      const extract = g.task('extract', async () => 'rows');
      g.group('load', { needs: [extract] }, (inner) => {
        inner.task('a', async () => 'a');
        inner.task('b', async () => 'b');
      });
    });
    d.task('report', { needs: [ingest] }, ok);
  }),
  dag('torn_down', {}, (d) => {
    const cluster = d.task('cluster', async () => 'cluster-1');
    const work = d.task('work', { needs: { cluster } }, fail);
    d.task('stop', { needs: { cluster, work }, teardownOf: cluster }, async ({ needs }) => {
      tornDown.push(needs.cluster ?? '?');
      throw new Error('it is gone already');
    });
  }),
  dag('torn_down_well', {}, (d) => {
    const cluster = d.task('cluster', ok);
    const work = d.task('work', { needs: [cluster] }, ok);
    d.task('stop', { needs: [work], teardownOf: [cluster] }, fail);
  }),
  dag('not_set_up', {}, (d) => {
    const cluster = d.task('cluster', fail);
    const work = d.task('work', { needs: [cluster] }, ok);
    d.task('stop', { needs: [work], teardownOf: cluster }, ok);
  }),
  dag('stopped', {}, (d) => {
    const cluster = d.task('cluster', ok);
    const work = d.task('work', { needs: [cluster] }, async ({ signal }) => {
      held.open();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const behind = d.task('behind', { needs: [work] }, ok);
    d.task('stop', { needs: [behind], teardownOf: cluster }, ({ taskId }) => void tornDown.push(taskId));
  }),
  dag('late', { runTimeout: '500ms' }, (d) => {
    const cluster = d.task('cluster', ok);
    const pause = d.wait('pause', { needs: [cluster], for: '1 hour' });
    d.task('stop', { needs: [pause], teardownOf: cluster }, () => void tornDown.push('late'));
  }),
  dag('waits', {}, (d) => {
    const start = d.task('start', async () => Date.now());
    const pause = d.wait('pause', { needs: [start], for: '600ms' });
    const until = d.task('until', { needs: [pause] }, async () => soon());
    const wait = d.wait('wait', { until });
    d.task('end', { needs: { start, wait, until } }, async ({ needs }) => ({
      after: Date.now() - needs.start,
      isBehind: Date.now() >= Date.parse(needs.until),
    }));
  }),
  dag('waits_for_nothing', {}, (d) => {
    const until = d.task('until', async () => 'tomorrow');
    d.wait('wait', { until });
  }),
  dag('asks', {}, (d) => {
    const file = d.waitFor('file', { every: '1s' }, async ({ try: look }) => {
      looks.push(look);
      return look < 3 ? null : { path: `file-${look}` };
    });
    d.task('read', { needs: { file } }, async ({ needs }) => needs.file.path);
  }),
  dag('asks_in_vain', {}, (d) => {
    d.waitFor('fails', { every: '1s', giveUpAfter: '1s', retries: 5 }, async () => false);
    d.waitFor('skips', { every: '1s', giveUpAfter: '1s', onTimeout: 'skip' }, async () => undefined);
    d.waitFor('breaks', { every: '1s', retries: { max: 1, initial: '10ms' } }, fail);
  }),
  dag('report', { params: z.object({ day: z.string() }) }, (d) => {
    d.task('fails_on_sundays', ({ params }) => (params.day === 'sunday' ? fail() : params.day));
  }),
  dag('triggers', {}, (d) => {
    const day = d.task('day', async () => 'monday');
    const report = d.trigger('report', {
      dag: 'report',
      needs: { day },
      conf: ({ needs }) => ({ day: needs.day }),
      every: '1s',
    });
    d.task('end', { needs: { report } }, async ({ needs }) => needs.report.state);
  }),
  dag('triggers_in_vain', {}, (d) => {
    d.trigger('fails', { dag: 'report', conf: { day: 'sunday' }, every: '1s' });
    d.trigger('leaves', { dag: 'report', conf: { day: 'sunday' }, wait: false });
    d.trigger('unknown', { dag: 'reprot' });
  }),
];

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(() => runs.tidegate.stop());

describe('a branch', () => {
  it('goes on with what it names, and what that leads to', async () => {
    const { run, states, tasks } = await runs.runOf('branches');
    expect(run.state).toBe('success');
    expect(states).toEqual({
      ...{ choose: 'success', left: 'success', right: 'skipped', farther: 'skipped', join: 'success' },
    });
    expect(tasks.find(({ task_id }) => task_id === 'choose')?.result).toEqual(['left', 'join']);
  });

  it('may name nothing', async () => {
    const { run, states } = await runs.runOf('branches_to_nothing');
    expect(run.state).toBe('success');
    expect(states).toEqual({ choose: 'success', left: 'skipped' });
  });

  it('fails when it names what does not need it', async () => {
    const { run, tasks } = await runs.runOf('branches_astray');
    expect(run).toMatchObject({ state: 'failed' });
    expect(tasks.find(({ task_id }) => task_id === 'choose')?.error).toBe(
      "a branch returned 'lefd', which does not need it: did you mean 'left'?",
    );
  });
});

describe('a short circuit', () => {
  it('skips all that is behind it but tear-downs, whatever their trigger rules', async () => {
    const { run, states } = await runs.runOf('stops_all');
    expect(run.state).toBe('success');
    expect(states).toEqual({
      ...{ set_up: 'success', check: 'success', next: 'skipped', always: 'skipped', tear_down: 'success' },
    });
  });

  it('may skip what is next and leave the rest to trigger rules', async () => {
    const { states } = await runs.runOf('stops_next');
    expect(states).toEqual({ check: 'success', next: 'skipped', always: 'success' });
  });

  it('lets what is behind it go on where it returns something', async () => {
    const { states, tasks } = await runs.runOf('goes_on');
    expect(states).toEqual({ check: 'success', next: 'success' });
    expect(tasks.find(({ task_id }) => task_id === 'next')?.result).toBe(true);
  });
});

describe('a group of tasks', () => {
  it('names its tasks, waits as one, and is waited for as one', async () => {
    const { run, tasks } = await runs.runOf('grouped');
    expect(run.state).toBe('success');
    expect(tasks.map(({ task_id }) => task_id)).toEqual([
      ...['ingest.extract', 'ingest.load.a', 'ingest.load.b', 'list', 'report'],
    ]);
    const start = (id: string) => tasks.find(({ task_id }) => task_id === id)?.started_at?.getTime() ?? 0;
    const end = (id: string) => tasks.find(({ task_id }) => task_id === id)?.ended_at?.getTime() ?? 0;
    expect(start('ingest.extract')).toBeGreaterThanOrEqual(end('list'));
    expect(start('ingest.load.a')).toBeGreaterThanOrEqual(end('ingest.extract'));
    expect(start('report')).toBeGreaterThanOrEqual(Math.max(end('ingest.load.a'), end('ingest.load.b')));
  });
});

describe('a tear-down', () => {
  it('runs when what it waited for failed, and is no part of how the run ended', async () => {
    const { run, states } = await runs.runOf('torn_down');
    expect(states).toEqual({ cluster: 'success', work: 'failed', stop: 'failed' });
    expect(run).toMatchObject({ state: 'failed', reason: 'task work failed' });
    expect(tornDown).toContain('cluster-1');
    expect((await runs.runOf('torn_down_well')).run.state).toBe('success');
  });

  it('does not run when nothing was set up', async () => {
    const { states } = await runs.runOf('not_set_up');
    expect(states).toEqual({ cluster: 'failed', work: 'upstream_failed', stop: 'upstream_failed' });
  });

  it('runs when the run is cancelled', async () => {
    const runId = await runs.tidegate.trigger('stopped');
    await held.opened;
    const [run] = await runs.tidegate.runsOf('stopped');
    if (run === undefined) throw new Error('no run');
    await cancelRun(runs.tidegate.deps, { dagId: run.dag_id, runId: run.run_id, attempt: 1 });
    expect(await runs.tidegate.closed('stopped', runId)).toMatchObject({ reason: 'cancelled' });
    const tasks = await runs.tidegate.tasksOf('stopped', runId);
    expect(tasks.map(({ task_id, state }) => [task_id, state])).toEqual([
      ['cluster', 'success'],
      ['stop', 'success'],
      ['work', 'failed'],
    ]);
    expect(tornDown).toContain('stop');
  });

  it('runs when the run is out of time', async () => {
    const { run, states } = await runs.runOf('late');
    expect(run).toMatchObject({ state: 'failed', reason: 'it took longer than its time-out of 0.5 s' });
    expect(states).toEqual({ cluster: 'success', pause: 'failed', stop: 'success' });
    expect(tornDown).toContain('late');
  });
});

describe('a wait', () => {
  it('lets time pass, or waits for an instant that a task returned', async () => {
    const { run, tasks } = await runs.runOf('waits');
    expect(run.state).toBe('success');
    const result: unknown = tasks.find(({ task_id }) => task_id === 'end')?.result;
    expect(result).toMatchObject({ after: expect.any(Number), isBehind: true });
    const { after } = Object(result);
    expect(after).toBeGreaterThanOrEqual(1_300);
    expect(tasks.find(({ task_id }) => task_id === 'pause')).toMatchObject({
      state: 'success',
      worker: null,
    });
  });

  it('fails where nobody can know until when', async () => {
    const { run, tasks } = await runs.runOf('waits_for_nothing');
    expect(run.state).toBe('failed');
    expect(tasks.find(({ task_id }) => task_id === 'wait')?.error).toBe(
      'task until returned "tomorrow": return an instant, such as \'2026-01-31T06:00:00Z\'',
    );
  });
});

describe('a condition that is asked again', () => {
  it('is asked until it is met, and hands on what it found', async () => {
    const { run, tasks } = await runs.runOf('asks');
    expect(run.state).toBe('success');
    expect(looks).toEqual([1, 2, 3]);
    expect(tasks.map(({ task_id, result, failures }) => [task_id, result, failures])).toEqual([
      ['file', { path: 'file-3' }, 0],
      ['read', 'file-3', 0],
    ]);
  });

  it('is given up in time, and fails by itself as any task', async () => {
    const { run, tasks } = await runs.runOf('asks_in_vain');
    expect(run.state).toBe('failed');
    expect(tasks.map(({ task_id, state, error }) => [task_id, state, error])).toEqual([
      ['breaks', 'failed', 'it broke'],
      ['fails', 'failed', 'nothing was there within 1 s'],
      ['skips', 'skipped', 'nothing was there within 1 s'],
    ]);
    expect(tasks.find(({ task_id }) => task_id === 'breaks')?.failures).toBe(2);
  });
});

describe('a task that triggers another DAG', () => {
  it('starts one run of it, and waits for its end', async () => {
    const { run, tasks } = await runs.runOf('triggers');
    expect(run.state).toBe('success');
    const [report, ...others] = (await runs.tidegate.runsOf('report')).filter(
      ({ conf }) => conf['day'] === 'monday',
    );
    expect(others).toEqual([]);
    expect(report).toMatchObject({
      state: 'success',
      trigger: 'manual',
      note: `triggered by task report of triggers ${run.run_id}`,
    });
    expect(tasks.find(({ task_id }) => task_id === 'end')?.result).toBe('success');
    expect(tasks.find(({ task_id }) => task_id === 'report')?.result).toMatchObject({
      dagId: 'report',
      runId: report?.run_id,
    });
  });

  it('fails with it, or leaves it alone, or says that there is none', async () => {
    const { tasks } = await runs.runOf('triggers_in_vain');
    expect(tasks.map(({ task_id, state, error }) => [task_id, state, error])).toEqual([
      [
        'fails',
        'failed',
        expect.stringMatching(
          /^run triggered__fails__\w+ of DAG report failed: task fails_on_sundays failed$/,
        ),
      ],
      ['leaves', 'success', null],
      ['unknown', 'failed', 'DAG "reprot" is not deployed: deploy it, or correct its id'],
    ]);
  });
});
