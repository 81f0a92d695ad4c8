import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { sql } from 'kysely';
import { parseDagId, parseRunId } from '../../core/ids.ts';
import { asset, dag, type DagDefinition } from '../../sdk/index.ts';
import { cancelRun, setPaused } from '../../temporal/control.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const made = asset('s3://control/made');
const ok = async (): Promise<void> => undefined;
/** Held tasks wait here until the test of their DAG opens it. */
const latches: Record<string, Latch> = {};
const latch = (id: string): Latch => (latches[id] ??= aLatch());
let aborted: unknown;
let underWay = 0;
const atOnce: number[] = [];

const obedient = dag('obedient', {}, (d) => {
  const wait = d.task('wait', { outlets: [made] }, async ({ signal }) => {
    await new Promise<void>((_, reject) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason;
        reject(new Error('told to stop'));
      });
    });
  });
  d.task('after', { needs: [wait], triggerRule: 'all_done' }, ok);
});
const frozen = (ids: readonly string[]): DagDefinition =>
  dag('frozen', {}, (d) => {
    const first = d.task('first', () => latch('frozen').opened);
    for (const id of ids) d.task(id, { needs: [first] }, ok);
  });
/** The code that the worker has; what is taken out is deployed and has no code. */
const dags = [
  obedient,
  dag('narrow_run', { maxActiveTasks: 2 }, (d) => {
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f'])
      d.task(id, async () => {
        underWay += 1;
        atOnce.push(underWay);
        await delay(100);
        underWay -= 1;
      });
  }),
  dag('too_long', { runTimeout: '4s' }, (d) => {
    d.task('quick', ok);
    const wait = d.task('wait', async ({ signal, run }) => {
      if (run.conf['quick'] !== true) await delay(60_000, undefined, { signal });
    });
    d.task('after', { needs: [wait] }, ok);
  }),
  frozen(['second']),
  dag('waits_for_door', {}, (d) => void d.task('work', ok)),
  dag('elsewhere', {}, (d) => void d.task('train', { taskQueue: 'gpu' }, ok)),
  dag('nobody', { defaults: { startTimeout: '1s' } }, (d) => {
    const train = d.task('train', { taskQueue: 'nobody', retries: 3 }, ok);
    const many = d.map(
      'many',
      d.task('list', () => [1, 2]),
      { taskQueue: 'nobody' },
      ok,
    );
    d.task('after', { needs: [train, many], triggerRule: 'all_done' }, ok);
  }),
  dag('without_code', {}, (d) => void d.task('work', ok)),
  dag('never_any_code', {}, (d) => void d.task('work', ok)),
  dag('loses_worker', {}, (d) => {
    d.task('work', { outlets: [made], heartbeatTimeout: '1s' }, async ({ try: number }) => {
      if (number === 1) await latch('loses_worker').opened;
      return number;
    });
  }),
  dag('loses_then_fails', {}, (d) => {
    const retries = { max: 1, initial: '50ms' } as const;
    d.task('work', { retries, heartbeatTimeout: '1s' }, async ({ try: number }) => {
      if (number === 1) await latch('loses_then_fails').opened;
      if (number === 2) throw new Error('it broke');
    });
  }),
  dag('answer_and_code_lost', {}, (d) => void d.task('work', ok)),
  dag(
    'answer_and_queue_lost',
    { taskQueue: 'passing' },
    (d) => void d.task('work', { startTimeout: '1s' }, ok),
  ),
  dag('answer_lost', {}, (d) => {
    d.task('work', { outlets: [made] }, async ({ try: number }) => number);
  }),
];

/** A worker that is cut off: its try goes on, and nobody hears of it. */
const cutOff: ActivityInterceptorsFactory = ({ info }) => ({
  inbound: {
    async execute(input, next) {
      if (info.activityType.startsWith('loses_') && info.attempt === 1) {
        Object.defineProperty(Context.current(), 'heartbeat', { value: () => undefined });
      }
      const answer: unknown = await next(input);
      if (info.activityType === 'answer_and_code_lost.work' && info.attempt === 1) {
        dags.splice(
          dags.findIndex(({ id }) => id === 'answer_and_code_lost'),
          1,
        );
        throw new Error('the answer was lost');
      }
      if (/^answer_(and_queue_)?lost\.work$/.test(info.activityType) && info.attempt === 1)
        throw new Error('the answer was lost');
      return answer;
    },
  },
});

let tidegate: Tidegate;
let aheadMs = 0;
beforeAll(async () => {
  tidegate = await startTidegate(dags, {
    interceptors: { activity: [cutOff] },
    clock: () => Date.now() + aheadMs,
  });
});
afterAll(async () => {
  latch('loses_then_fails').open();
  await tidegate.stop();
});

const attemptOf = (id: string, runId: string) => {
  const dagId = parseDagId(id);
  return { dagId, runId: parseRunId(dagId, runId), attempt: 1 };
};
const eventsOf = async (dagId: string) => {
  const { rows } = await sql<{ seq: number }>`
    select seq from asset_event where source_dag_id = ${dagId}`.execute(tidegate.deps.db);
  return rows.length;
};
const running = (dagId: string, runId: string) =>
  eventually(async () => (await tidegate.tasksOf(dagId, runId)).some(({ state }) => state === 'running'));
const without = async (dagId: string, test: () => Promise<void>) => {
  const at = dags.findIndex(({ id }) => id === dagId);
  const [taken] = dags.splice(at, 1);
  try {
    await test();
  } finally {
    if (taken !== undefined) dags.push(taken);
  }
};

describe('a run with limits', () => {
  it('has so many tasks under way at a time', async () => {
    const runId = await tidegate.trigger('narrow_run');
    expect(await tidegate.closed('narrow_run', runId)).toMatchObject({ state: 'success' });
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(2);
    expect(atOnce).toHaveLength(6);
  });

  it('is stopped at its time-out, and fails with that reason', async () => {
    const runId = await tidegate.trigger('too_long');
    await tidegate.closed('too_long', runId);
    expect(await tidegate.runsOf('too_long')).toMatchObject([
      { state: 'failed', reason: 'it took longer than its time-out of 4 s' },
    ]);
    expect(await tidegate.tasksOf('too_long', runId)).toMatchObject([
      { task_id: 'quick', state: 'success' },
      { task_id: 'wait', state: 'failed', error: 'cancelled' },
    ]);
    // Its row closes first.
    await eventually(async () => (await tidegate.run('too_long', runId).describe()).status.name === 'FAILED');
    const quick = await tidegate.trigger('too_long', { quick: true });
    expect(await tidegate.closed('too_long', quick)).toMatchObject({ state: 'success' });
  });
});

describe('cancelling a run', () => {
  it('reaches its tasks as an AbortSignal, starts no other, and records none of their events', async () => {
    const runId = await tidegate.trigger('obedient');
    await running('obedient', runId);
    await cancelRun(tidegate.deps, attemptOf('obedient', runId));
    expect(await tidegate.closed('obedient', runId)).toMatchObject({ state: 'failed', reason: 'cancelled' });
    expect(aborted).toMatchObject({ message: 'CANCELLED' });
    expect(await tidegate.tasksOf('obedient', runId)).toMatchObject([
      { task_id: 'wait', state: 'failed', error: 'cancelled' },
    ]);
    expect(await eventsOf('obedient')).toBe(0);
    await eventually(
      async () => (await tidegate.run('obedient', runId).describe()).status.name === 'CANCELLED',
    );
    await eventually(async () => (await tidegate.gate('obedient')).activeRuns.length === 0);
  });

  it('closes one that was not let in yet, so that it never starts', async () => {
    const dagId = parseDagId('waits_for_door');
    await setPaused(tidegate.deps, dagId, true);
    const cancelled = await tidegate.trigger('waits_for_door');
    await cancelRun(tidegate.deps, attemptOf('waits_for_door', cancelled));
    expect(await tidegate.closed('waits_for_door', cancelled)).toMatchObject({
      state: 'failed',
      reason: 'cancelled',
    });
    const other = await tidegate.trigger('waits_for_door');
    await setPaused(tidegate.deps, dagId, false);
    expect(await tidegate.closed('waits_for_door', other)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('waits_for_door', cancelled)).toEqual([]);
  });
});

describe('a run whose DAG is edited meanwhile', () => {
  it('executes the plan it started with; the next run executes the new one', async () => {
    const before = await tidegate.trigger('frozen');
    await running('frozen', before);
    const at = dags.findIndex(({ id }) => id === 'frozen');
    dags.splice(at, 1, frozen(['second', 'third']));
    await tidegate.deploy(dags);
    const after = await tidegate.trigger('frozen');
    latch('frozen').open();
    expect(await tidegate.closed('frozen', before)).toMatchObject({ state: 'success', version: 1 });
    expect(await tidegate.closed('frozen', after)).toMatchObject({ state: 'success', version: 2 });
    const tasks = async (runId: string) =>
      (await tidegate.tasksOf('frozen', runId)).map(({ task_id }) => task_id);
    expect(await tasks(before)).toEqual(['first', 'second']);
    expect(await tasks(after)).toEqual(['first', 'second', 'third']);
  });
});

describe('a task with a queue of its own', () => {
  it('waits for a worker on that queue, and is run by it', async () => {
    const runId = await tidegate.trigger('elsewhere');
    await eventually(async () => {
      const { raw } = await tidegate
        .run('elsewhere', runId)
        .describe()
        .catch(() => ({ raw: null }));
      return raw?.pendingActivities?.some(({ activityType }) => activityType?.name === 'elsewhere.train');
    });
    expect(await tidegate.tasksOf('elsewhere', runId)).toEqual([]);
    await tidegate.startWorker({ identity: 'gpu-1', taskQueue: 'gpu' });
    expect(await tidegate.closed('elsewhere', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('elsewhere', runId)).toMatchObject([{ worker: 'gpu-1' }]);
  });
});

describe('a task that no worker takes', () => {
  it('fails in time, and says what to do; a rule may let the run go on', async () => {
    const runId = await tidegate.trigger('nobody');
    expect(await tidegate.closed('nobody', runId)).toMatchObject({ state: 'success' });
    const error = expect.stringMatching(
      /^no worker took it within its startTimeout of 1 s: .*task queue 'nobody'/,
    );
    const untaken = { state: 'failed', try: 0, error };
    const tasks = await tidegate.tasksOf('nobody', runId);
    expect(tasks.filter(({ task_id }) => task_id === 'train')).toMatchObject([untaken]);
    expect(tasks.filter(({ task_id }) => task_id === 'many')).toMatchObject([untaken, untaken]);
  });

  it('stays as it ended where its worker died before it could say so', async () => {
    const worker = await tidegate.startWorker({ identity: 'passing-1', taskQueue: 'passing' });
    const runId = await tidegate.trigger('answer_and_queue_lost');
    await eventually(async () =>
      (await tidegate.tasksOf('answer_and_queue_lost', runId)).some(({ state }) => state === 'success'),
    );
    await worker.stop();
    expect(await tidegate.closed('answer_and_queue_lost', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('answer_and_queue_lost', runId)).toMatchObject([
      { state: 'success', try: 1 },
    ]);
  });
});

describe('a task whose code this worker lacks', () => {
  it('is handed back until some worker has it, which counts as no failure', async () => {
    let runId = '';
    await without('without_code', async () => {
      runId = await tidegate.trigger('without_code');
      await eventually(async () => {
        const { raw } = await tidegate
          .run('without_code', runId)
          .describe()
          .catch(() => ({ raw: null }));
        return raw?.pendingActivities?.some(
          ({ lastFailure }) => lastFailure?.applicationFailureInfo?.type === 'TaskCodeMissing',
        );
      });
    });
    expect(await tidegate.closed('without_code', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('without_code', runId)).toMatchObject([
      { state: 'success', try: 1, failures: 0 },
    ]);
  });

  it('fails in the end, and says what to do', async () => {
    await without('never_any_code', async () => {
      // A queue may hold a task for longer than that before any worker looks for its code.
      aheadMs = 11 * 60_000;
      const runId = await tidegate.trigger('never_any_code');
      await eventually(async () => {
        const run = await tidegate
          .run('never_any_code', runId)
          .describe()
          .catch(() => undefined);
        return (run?.raw.pendingActivities ?? []).some(({ attempt }) => (attempt ?? 0) > 1);
      });
      aheadMs += 11 * 60_000;
      expect(await tidegate.closed('never_any_code', runId)).toMatchObject({ state: 'failed' });
      const history = await tidegate.run('never_any_code', runId).fetchHistory();
      expect(JSON.stringify(history)).toContain('deploy a worker that has it');
      expect(await tidegate.tasksOf('never_any_code', runId)).toMatchObject([
        { state: 'failed', error: 'this worker has no code for task work of DAG never_any_code' },
      ]);
    });
    aheadMs = 0;
  });
});

describe('a try whose worker is lost', () => {
  it('is given to another one, though its author allows no retry, and can no longer record anything', async () => {
    const runId = await tidegate.trigger('loses_worker');
    expect(await tidegate.closed('loses_worker', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('loses_worker', runId)).toMatchObject([
      { state: 'success', try: 2, failures: 0, result: 2 },
    ]);
    expect(await eventsOf('loses_worker')).toBe(1);
    latch('loses_worker').open();
    // Whatever the first try does now comes before this run's end.
    const next = await tidegate.trigger('answer_lost');
    await tidegate.closed('answer_lost', next);
    expect(await eventsOf('loses_worker')).toBe(1);
  });

  it('leaves its author every retry that was asked for', async () => {
    const runId = await tidegate.trigger('loses_then_fails');
    expect(await tidegate.closed('loses_then_fails', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('loses_then_fails', runId)).toMatchObject([
      { state: 'success', try: 3, failures: 1 },
    ]);
  });

  it('is answered from the store when it had ended, its code not run again', async () => {
    const runId = await tidegate.trigger('answer_lost');
    expect(await tidegate.closed('answer_lost', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('answer_lost', runId)).toMatchObject([
      { state: 'success', try: 1, result: 1 },
    ]);
    const history = await tidegate.run('answer_lost', runId).fetchHistory();
    const started = history.events?.flatMap(({ activityTaskStartedEventAttributes: event }) =>
      event ? [event] : [],
    );
    expect(started?.at(-1)?.attempt).toBe(2);
  });

  it('is answered from the store by a worker that lacks its code', async () => {
    const runId = await tidegate.trigger('answer_and_code_lost');
    expect(await tidegate.closed('answer_and_code_lost', runId)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('answer_and_code_lost', runId)).toMatchObject([
      { state: 'success', try: 1, failures: 0 },
    ]);
  });
});
