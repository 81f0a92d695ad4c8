import { z } from 'zod';
import { parseDagId } from '../../core/ids.ts';
import { asset, dag } from '../../sdk/index.ts';
import { fail, ok, type Runs, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

const typed = asset('s3://dag-run/typed', { eventExtra: z.object({ rows: z.number() }) });
const silent = asset('s3://dag-run/silent');
const other = asset('s3://dag-run/other');
const many = asset('s3://dag-run/many');
const progress = asset('s3://dag-run/progress');

const dags = [
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
  dag('emits_at_once', {}, (d) => {
    d.task(
      'make',
      { outlets: [typed, progress], retries: { max: 1, initial: '100 ms' } },
      async ({ emitNow, try: number }) => {
        await emitNow(progress, { extra: { part: 1, of: number }, partition: '2026-01' });
        if (number === 1) fail();
        await emitNow(progress, { extra: { part: 2, of: number } });
        await emitNow(typed, { extra: { rows: 3 } });
      },
    );
  }),
  dag('emits_nothing_at_once', {}, (d) => {
    d.task('make', { outlets: [silent] }, async ({ emitNow }) => emitNow(other));
  }),
  dag(
    'on_progress',
    { schedule: progress },
    (d) => void d.task('see', async ({ events }) => events.all().count()),
  ),
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

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(() => runs.tidegate.stop());

const eventsOf = (dagId: string) =>
  runs.tidegate.deps.db
    .selectFrom('asset_event')
    .innerJoin('asset', 'asset.id', 'asset_event.asset_id')
    .select(['asset.uri', 'asset_event.extra', 'batch_end', 'source_task_id'])
    .where('source_dag_id', '=', parseDagId(dagId))
    .orderBy('seq')
    .execute();

describe('a task that returns or emits what it may not', () => {
  it.each([
    ['too_large', /result is \d+ bytes as JSON, 262144 are allowed/],
    ['no_json', /result cannot be written as JSON/],
    ['undeclared', /s3:\/\/dag-run\/other is not an outlet of this task/],
    ['bad_extra', /extra\.rows of s3:\/\/dag-run\/typed does not meet/],
    ['unemitted', /s3:\/\/dag-run\/typed was not emitted/],
  ])('fails: %s', async (dagId, message) => {
    const { run, task } = await runs.taskOf(dagId);
    expect(run.state).toBe('failed');
    expect(task).toMatchObject({ state: 'failed', error: expect.stringMatching(message), result: null });
    expect(await eventsOf(dagId)).toEqual([]);
  });
});

describe('the outlets of a task', () => {
  it('get what it emitted, and one event where it emitted none, as one batch', async () => {
    await runs.runOf('emits');
    const events = await eventsOf('emits');
    expect(events).toMatchObject([
      { uri: typed.uri, extra: { rows: 1 }, source_task_id: 'make' },
      { uri: typed.uri, extra: { rows: 2 } },
      { uri: silent.uri, extra: {} },
    ]);
    expect(new Set(events.map(({ batch_end }) => batch_end)).size).toBe(1);
  });

  it('get nothing when it fails afterwards', async () => {
    const { run } = await runs.taskOf('emits_then_fails');
    expect(run.state).toBe('failed');
    expect(await eventsOf('emits_then_fails')).toEqual([]);
  });
});

describe('an event that is emitted at once', () => {
  it('is there before the task ends, stays when its try fails, and speaks for its outlet', async () => {
    const { run } = await runs.taskOf('emits_at_once');
    expect(run.state).toBe('success');
    expect(await eventsOf('emits_at_once')).toMatchObject([
      { extra: { part: 1, of: 1 } },
      { extra: { part: 1, of: 2 } },
      { extra: { part: 2, of: 2 } },
      { extra: { rows: 3 } },
    ]);
    const started = await runs.tidegate.runsClosed('on_progress', 1);
    expect(started[0]).toMatchObject({ state: 'success', trigger: 'asset' });
  });

  it('is refused where it is no outlet, and then nothing is recorded', async () => {
    const { task } = await runs.taskOf('emits_nothing_at_once');
    expect(task).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/is not an outlet of this task/),
    });
    expect(await eventsOf('emits_nothing_at_once')).toEqual([]);
  });
});

describe('the params of a run', () => {
  it('are checked against the schema of the DAG', async () => {
    const { task } = await runs.taskOf('strict_params', { day: 7 });
    expect(task).toMatchObject({ state: 'failed', error: expect.stringMatching(/^conf\.day: /) });
  });

  it('leave the conf as it was given', async () => {
    const { task } = await runs.taskOf('strict_params', { day: 'monday', extra: 1 });
    expect(task).toMatchObject({ state: 'success', result: ['monday', 1] });
  });
});

describe('the events of a run', () => {
  it('are read page by page, each once and in order, however many', async () => {
    await runs.tidegate.post(...Array.from({ length: 2_500 }, () => many.uri));
    const [run] = await runs.tidegate.runsClosed('reader', 1);
    const [task] = await runs.tidegate.tasksOf('reader', run?.run_id ?? '');
    expect(task?.result).toEqual({
      ...{ count: 2_500, read: 2_500, isInOrder: true, some: 1_001, ends: [true, true], none: 0 },
    });
  });
});

describe('runs that have ended', () => {
  it('leave no slot taken', async () => {
    await eventually(async () => (await runs.tidegate.gate('emits')).activeRuns.length === 0);
    expect(await runs.open()).toEqual([]);
  });
});
