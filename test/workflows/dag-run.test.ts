import { sql } from 'kysely';
import { z } from 'zod';
import { parseDagId } from '../../core/ids.ts';
import type { JsonObject } from '../../core/json.ts';
import { asset, dag, type DagDefinition, TaskSkipped } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const typed = asset('s3://dag-run/typed', { eventExtra: z.object({ rows: z.number() }) });
const silent = asset('s3://dag-run/silent');
const other = asset('s3://dag-run/other');
const many = asset('s3://dag-run/many');
const fail = (): never => {
  throw new Error('it broke');
};
const ok = async (): Promise<void> => undefined;
/** When each try of a task began, by task. */
const tries: Record<string, number[]> = {};
const beganAt = (task: string): number[] => (tries[task] ??= []);

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
const skip = (): never => {
  throw new TaskSkipped('not today');
};

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
  dag('retried', {}, (d) => {
    d.task('never', () => {
      beganAt('never').push(Date.now());
      fail();
    });
    d.task('twice', { retries: { max: 2, initial: '200ms', factor: 2 } }, async ({ try: number, log }) => {
      beganAt('twice').push(Date.now());
      log.info('trying', { number });
      if (number < 3) fail();
      return number;
    });
    d.task('used_up', { retries: { max: 1, initial: '50ms' } }, fail);
  }),
  dag('timed_out', {}, (d) => {
    d.task('obedient', { timeout: '300ms' }, async ({ signal }) => {
      await new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    });
    d.task('stubborn', { timeout: '300ms', retries: { max: 1, initial: '50ms' } }, async ({ try: number }) =>
      number === 1 ? new Promise<void>(() => undefined) : undefined,
    );
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
  dag('too_large', {}, (d) => void d.task('make', async () => 'x'.repeat(300 * 1_024))),
  dag('no_json', {}, (d) => void d.task('make', async () => 10n as unknown as number)),
  dag('undeclared', {}, (d) => {
    d.task('make', { outlets: [silent] }, async ({ emit }) => emit(other, { extra: {} }));
  }),
  dag('bad_extra', {}, (d) => {
    d.task('make', { outlets: [typed] }, async ({ emit }) =>
      emit(typed, { extra: { rows: 'many' as unknown as number } }),
    );
  }),
  dag('unemitted', {}, (d) => void d.task('make', { outlets: [typed] }, ok)),
  dag('emits', {}, (d) => {
    d.task('make', { outlets: [typed, silent] }, async ({ emit }) => {
      emit(typed, { extra: { rows: 1 } });
      emit(typed, { extra: { rows: 2 } });
    });
  }),
  dag('emits_then_fails', {}, (d) => {
    d.task('make', { outlets: [other] }, async ({ emit }) => {
      emit(other);
      fail();
    });
  }),
  dag('strict_params', { params: z.object({ day: z.string() }) }, (d) => {
    d.task('use', async ({ params, run }) => [params.day, run.conf['extra'] ?? null]);
  }),
  dag('reader', { schedule: many }, (d) => {
    d.task('read', async ({ events }) => {
      const list = events.of(many);
      const seqs: number[] = [];
      for await (const { seq } of list) seqs.push(seq);
      const some = await list.toArray({ limit: 1_001 });
      const [first, last] = [await list.first(), await list.last()];
      return {
        count: await list.count(),
        read: seqs.length,
        isInOrder: seqs.every((seq, index) => index === 0 || seq === (seqs[index - 1] ?? 0) + 1),
        some: some.length,
        ends: [first?.seq === seqs[0], last?.seq === seqs.at(-1)],
        none: await events.of(other).count(),
      };
    });
  }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const runOf = async (dagId: string, conf?: JsonObject) => {
  const runId = await tidegate.trigger(dagId, conf);
  const run = await tidegate.closed(dagId, runId);
  const tasks = await tidegate.tasksOf(dagId, runId);
  return {
    run,
    runId,
    tasks,
    states: Object.fromEntries(tasks.map(({ task_id, state }) => [task_id, state])),
  };
};
const taskOf = async (dagId: string, conf?: JsonObject) => {
  const { run, tasks } = await runOf(dagId, conf);
  return { run, task: tasks[0] };
};
const eventsOf = (dagId: string) =>
  tidegate.deps.db
    .selectFrom('asset_event')
    .innerJoin('asset', 'asset.id', 'asset_event.asset_id')
    .select(['asset.uri', 'asset_event.extra', 'batch_end', 'source_task_id'])
    .where('source_dag_id', '=', parseDagId(dagId))
    .orderBy('seq')
    .execute();

describe('a run of several tasks', () => {
  it('gives each task what those it needs returned, fanned out and in', async () => {
    const { run, tasks } = await runOf('results', { factor: 10 });
    expect(run).toMatchObject({ state: 'success', reason: null, trigger: 'manual', attempt: 1 });
    expect(Object.fromEntries(tasks.map(({ task_id, result }) => [task_id, result]))).toEqual({
      ...{ rows: [1, 2, 3], part_0: 10, part_1: 20, part_2: 30 },
      sum: 60,
    });
  });

  it('closes with the state and the reason that its last tasks give it, upstream failures included', async () => {
    const { run, states } = await runOf('chain');
    expect(run).toMatchObject({ state: 'failed', reason: 'task first failed' });
    expect(states).toEqual({
      ...{ first: 'failed', second: 'upstream_failed', third: 'upstream_failed' },
      ...{ cleanup: 'success', last: 'upstream_failed' },
    });
  });

  it('succeeds when what needs a failed task succeeds all the same', async () => {
    const { run, states } = await runOf('recovered');
    expect(run).toMatchObject({ state: 'success' });
    expect(states).toEqual({ first: 'failed', cleanup: 'success' });
  });

  it('passes a skip on to what needs it, and is no failure', async () => {
    const { run, states, tasks } = await runOf('skips');
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
    const { states } = await runOf(dagId);
    expect(states).toMatchObject({
      ...{ all_success: all, all_done: done, one_failed: oneFailed },
      ...{ one_success: oneSuccess, none_failed: noneFailed },
    });
  });
});

describe('a task that fails', () => {
  let ran: Awaited<ReturnType<typeof runOf>>;
  beforeAll(async () => {
    ran = await runOf('retried');
  });
  const task = (id: string) => ran.tasks.find(({ task_id }) => task_id === id);

  it('is not tried again unless its author says so', () => {
    expect(beganAt('never')).toHaveLength(1);
    expect(task('never')).toMatchObject({ state: 'failed', try: 1, failures: 1, error: 'it broke' });
  });

  it('is tried again as often and as long after one another as its author says', () => {
    expect(task('twice')).toMatchObject({ state: 'success', try: 3, failures: 2, result: 3, error: null });
    const [first = 0, second = 0, third = 0] = beganAt('twice');
    expect(second - first).toBeGreaterThanOrEqual(200);
    expect(third - second).toBeGreaterThanOrEqual(400);
  });

  it('fails for good when its retries are used up, with the last error', () => {
    expect(task('used_up')).toMatchObject({ state: 'failed', try: 2, failures: 2, error: 'it broke' });
    expect(ran.run.reason).toBe('task never, used_up failed');
  });

  it('keeps the log of each try', async () => {
    const lines = await tidegate.deps.db
      .selectFrom('task_log')
      .select(['try', 'level', 'message', 'fields'])
      .where('run_id', '=', ran.run.run_id)
      .where('task_id', '=', task('twice')?.task_id ?? ran.tasks[0]?.task_id ?? null)
      .orderBy('id')
      .execute();
    expect(lines).toMatchObject([
      { try: 1, level: 'info', message: 'trying', fields: { number: 1 } },
      { try: 1, level: 'error', message: 'try failed', fields: { error: 'it broke', isFinal: false } },
      { try: 2, level: 'info', message: 'trying', fields: { number: 2 } },
      { try: 2, level: 'error', message: 'try failed' },
      { try: 3, level: 'info', message: 'trying', fields: { number: 3 } },
    ]);
  });
});

describe('the log of a task', () => {
  it.each([
    ['failed', 'chain'],
    ['skipped', 'skips'],
  ])('is stored before anyone sees that it %s', async (state, dagId) => {
    const { runId } = await runOf(dagId);
    // Transactions are numbered in the order in which they first wrote.
    const { rows } = await sql<{ is_before: boolean }>`
      select task_log.xmin::text::bigint < task_run.xmin::text::bigint as is_before
      from task_log join task_run using (run_id, task_id)
      where run_id = ${runId} and task_run.state = ${state}`.execute(tidegate.deps.db);
    expect(rows).toEqual([{ is_before: true }]);
  });
});

describe('a task that takes too long', () => {
  it('is told to stop, and given up on when it does not listen; that counts as its failure', async () => {
    const { tasks } = await runOf('timed_out');
    expect(tasks).toMatchObject([
      {
        task_id: 'obedient',
        state: 'failed',
        try: 1,
        error: 'the try took longer than its time-out of 300 ms',
      },
      { task_id: 'stubborn', state: 'success', try: 2, failures: 1 },
    ]);
  });
});

describe('a task that returns or emits what it may not', () => {
  it.each([
    ['too_large', /result is \d+ bytes as JSON, 262144 are allowed/],
    ['no_json', /result cannot be written as JSON/],
    ['undeclared', /s3:\/\/dag-run\/other is not an outlet of this task/],
    ['bad_extra', /extra\.rows of s3:\/\/dag-run\/typed does not meet/],
    ['unemitted', /s3:\/\/dag-run\/typed was not emitted/],
  ])('fails: %s', async (dagId, message) => {
    const { run, task } = await taskOf(dagId);
    expect(run.state).toBe('failed');
    expect(task).toMatchObject({ state: 'failed', error: expect.stringMatching(message), result: null });
    expect(await eventsOf(dagId)).toEqual([]);
  });
});

describe('the outlets of a task', () => {
  it('get what it emitted, and one event where it emitted none, as one batch', async () => {
    await runOf('emits');
    const events = await eventsOf('emits');
    expect(events).toMatchObject([
      { uri: typed.uri, extra: { rows: 1 }, source_task_id: 'make' },
      { uri: typed.uri, extra: { rows: 2 } },
      { uri: silent.uri, extra: {} },
    ]);
    expect(new Set(events.map(({ batch_end }) => batch_end)).size).toBe(1);
  });

  it('get nothing when it fails afterwards', async () => {
    const { run } = await taskOf('emits_then_fails');
    expect(run.state).toBe('failed');
    expect(await eventsOf('emits_then_fails')).toEqual([]);
  });
});

describe('the params of a run', () => {
  it('are checked against the schema of the DAG', async () => {
    const { task } = await taskOf('strict_params', { day: 7 });
    expect(task).toMatchObject({ state: 'failed', error: expect.stringMatching(/^conf\.day: /) });
  });

  it('leave the conf as it was given', async () => {
    const { task } = await taskOf('strict_params', { day: 'monday', extra: 1 });
    expect(task).toMatchObject({ state: 'success', result: ['monday', 1] });
  });
});

describe('the events of a run', () => {
  it('are read page by page, each once and in order, however many', async () => {
    await tidegate.post(...Array.from({ length: 2_500 }, () => many.uri));
    const [run] = await tidegate.runsClosed('reader', 1);
    const [task] = await tidegate.tasksOf('reader', run?.run_id ?? '');
    expect(task?.result).toEqual({
      ...{ count: 2_500, read: 2_500, isInOrder: true, some: 1_001, ends: [true, true], none: 0 },
    });
  });
});

describe('a run that asks for nothing special', () => {
  it('leaves no slot taken', async () => {
    await eventually(async () => (await tidegate.gate('results')).activeRuns.length === 0);
    const open = await tidegate.deps.db
      .selectFrom('run')
      .select('run_id')
      .where('ended_at', 'is', null)
      .execute();
    expect(open).toEqual([]);
  });
});
