import { sql } from 'kysely';
import { dag, NonRetryable, RetryAfter } from '../../sdk/index.ts';
import { fail, type Runs, skip, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

/** When each try of a task began, by task. */
const tries: Record<string, number[]> = {};
const beganAt = (task: string): number[] => (tries[task] ??= []);

class WrongColumn extends TypeError {}

const dags = [
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
  dag('decided', {}, (d) => {
    d.task('asked', { retries: { max: 1, initial: '1h' } }, ({ try: number }) => {
      beganAt('asked').push(Date.now());
      if (number === 1) throw new RetryAfter('300ms', 'busy');
      return number;
    });
    d.task(
      'linear',
      { retries: { max: 2, initial: '150ms', backoff: 'linear', jitter: 0.1 } },
      ({ try: number }) => {
        beganAt('linear').push(Date.now());
        if (number < 3) fail();
        return number;
      },
    );
    d.task('forbidden', { retries: 5 }, () => {
      throw new NonRetryable('no such table');
    });
    d.task('named', { retries: { max: 5, nonRetryable: ['TypeError'] } }, () => {
      throw new WrongColumn('no such column');
    });
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
  dag('fails', {}, (d) => void d.task('only', fail)),
  dag('skips', {}, (d) => void d.task('only', skip)),
];

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(() => runs.tidegate.stop());

describe('a task that says how it failed', () => {
  let ran: Awaited<ReturnType<Runs['runOf']>>;
  beforeAll(async () => {
    ran = await runs.runOf('decided');
  });
  const task = (id: string) => ran.tasks.find(({ task_id }) => task_id === id);

  it('is tried again when it asks for it', () => {
    expect(task('asked')).toMatchObject({ state: 'success', try: 2, failures: 1 });
    const [first = 0, second = 0] = beganAt('asked');
    expect(second - first).toBeGreaterThanOrEqual(300);
    expect(second - first).toBeLessThan(60_000);
  });

  it('is tried again after pauses that grow by the first', () => {
    expect(task('linear')).toMatchObject({ state: 'success', try: 3 });
    const [first = 0, second = 0, third = 0] = beganAt('linear');
    expect(second - first).toBeGreaterThanOrEqual(135);
    expect(third - second).toBeGreaterThanOrEqual(270);
  });

  it('is not tried again when that is of no use', () => {
    expect(task('forbidden')).toMatchObject({ state: 'failed', try: 1, error: 'no such table' });
    expect(task('named')).toMatchObject({ state: 'failed', try: 1, error: 'no such column' });
  });
});

describe('a task that fails', () => {
  let ran: Awaited<ReturnType<Runs['runOf']>>;
  beforeAll(async () => {
    ran = await runs.runOf('retried');
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
    const lines = await runs.tidegate.deps.db
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
    ['failed', 'fails'],
    ['skipped', 'skips'],
  ])('is stored before anyone sees that it %s', async (state, dagId) => {
    const { run } = await runs.runOf(dagId);
    // Transactions are numbered in the order in which they first wrote.
    const { rows } = await sql<{ is_before: boolean }>`
      select task_log.xmin::text::bigint < task_run.xmin::text::bigint as is_before
      from task_log join task_run using (run_id, task_id)
      where run_id = ${run.run_id} and task_run.state = ${state}`.execute(runs.tidegate.deps.db);
    expect(rows).toEqual([{ is_before: true }]);
  });
});

describe('a task that takes too long', () => {
  it('is told to stop, and given up on when it does not listen; that counts as its failure', async () => {
    const { tasks } = await runs.runOf('timed_out');
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

describe('runs that have ended', () => {
  it('leave no slot taken', async () => {
    await eventually(async () => (await runs.tidegate.gate('retried')).activeRuns.length === 0);
    expect(await runs.open()).toEqual([]);
  });
});
