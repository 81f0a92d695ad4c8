import { z } from 'zod';
import { asset, cron, dag, type DagBuilder, type DagOptions, type TaskOptions } from '../../sdk/index.ts';
import { compileDag } from '../../sdk/compile.ts';
import { namedNeeds } from '../../sdk/task.ts';
import type { DagPlan } from '../../core/run-plan.ts';

const orders = asset('s3://lake/orders');
const one = (d: DagBuilder<object>): void => void d.task('only', () => 1);
const compile = (build: (d: DagBuilder<object>) => void, options: DagOptions<undefined> = {}): DagPlan =>
  compileDag(dag('a_dag', options, build), 'dags/a.ts');
/** Options that the types refuse but plain JavaScript may hold. */
const taskOptions = (json: string): TaskOptions<readonly []> => JSON.parse(json);
const dagOptions = (json: string): DagOptions<undefined> => JSON.parse(json);

describe('a compiled DAG', () => {
  it('has the documented defaults', () => {
    expect(compile(one)).toEqual({
      dagId: 'a_dag',
      description: '',
      tags: [],
      file: 'dags/a.ts',
      startAt: null,
      condition: null,
      cron: null,
      requestedRunsConsume: false,
      maxActiveRuns: 16,
      whilePaused: 'keep',
      startFrom: 'now',
      paramsSchema: null,
      run: {
        tasks: [
          {
            id: 'only',
            needs: [],
            triggerRule: 'all_success',
            retries: { max: 0, initialMs: 1_000, factor: 2, longestMs: 300_000 },
            timeoutMs: null,
            heartbeatTimeoutMs: 30_000,
            taskQueue: null,
            outlets: [],
            inlets: [],
          },
        ],
      },
    });
  });

  it('keeps what is written', () => {
    const plan = compileDag(
      dag(
        'full',
        {
          schedule: cron('0 6 * * *', { timezone: 'Europe/Berlin' }),
          startDate: '2024-01-01T06:00:00+01:00',
          params: z.object({ day: z.string().default('today'), limit: z.int().default(5) }),
          taskQueue: 'heavy',
          defaults: { retries: 2, timeout: '10 minutes', startTimeout: '1 hour' },
          maxActiveRuns: 1,
        },
        (d) => {
          d.task(
            'a',
            { outlets: [orders, asset('s3://lake/orders/', { name: 's3://lake/orders' })] },
            () => 1,
          );
          d.task(
            'b',
            { inlets: [orders], retries: { max: 5, initial: '500ms', factor: 3 }, taskQueue: 'light' },
            () => 1,
          );
        },
      ),
      'dags/full.ts',
    );
    expect(plan).toMatchObject({
      startAt: Date.UTC(2024, 0, 1, 5),
      cron: { expression: '0 6 * * *', timezone: 'Europe/Berlin' },
      maxActiveRuns: 1,
      paramsSchema: { type: 'object', properties: { limit: { default: 5 } } },
    });
    expect(plan.run.tasks).toMatchObject([
      {
        taskQueue: 'heavy',
        timeoutMs: 600_000,
        startTimeoutMs: 3_600_000,
        retries: { max: 2 },
        outlets: [{ name: orders.name, uri: orders.uri }],
      },
      { taskQueue: 'light', retries: { max: 5, initialMs: 500, factor: 3 }, inlets: [{ uri: orders.uri }] },
    ]);
  });

  it('has the outlets of the DAG as a whole, each once, with the defaults of their extra', () => {
    const eventExtra = z.object({ unit: z.string().default('row'), rows: z.number().optional() });
    const typed = asset('s3://lake/typed', { eventExtra });
    expect(compile(one, { outlets: [orders, typed, asset('s3://lake/orders')] }).run.outlets).toEqual([
      { asset: { name: orders.name, uri: orders.uri }, extra: {} },
      { asset: { name: typed.name, uri: typed.uri }, extra: { unit: 'row' } },
    ]);
  });

  it('lists each task after those it needs, named by handle or by id', () => {
    const plan = compile((d) => {
      d.task('last', { needs: ['middle', 'first'] }, () => 1);
      const first = d.task('first', () => 1);
      d.task('middle', { needs: { value: first } }, () => 1);
    });
    expect(plan.run.tasks.map(({ id, needs }) => [id, needs])).toEqual([
      ['first', []],
      ['middle', ['first']],
      ['last', ['middle', 'first']],
    ]);
  });

  it('names the needs that a task gets results of', () => {
    const { tasks } = dag('named', {}, (d) => {
      const a = d.task('a', () => 1);
      d.task('b', { needs: { value: a, other: 'a' } }, () => 1);
      d.task('c', { needs: [a] }, () => 1);
    });
    expect(tasks.map(namedNeeds)).toEqual([{}, { value: 'a', other: 'a' }, {}]);
  });
});

describe('a DAG is refused', () => {
  it('with two tasks of one id, naming both places', () => {
    const twice = (d: DagBuilder<object>): void => {
      d.task('same', () => 1);
      d.task('same', () => 2);
    };
    expect(() => compile(twice)).toThrow(
      /two tasks have the id 'same', at \S+compile\.test\.ts:\d+ and at \S+compile\.test\.ts:\d+: rename one/,
    );
  });

  it('with tasks that need each other in a circle, naming them', () => {
    const circle = (d: DagBuilder<object>): void => {
      d.task('a', { needs: ['b'] }, () => 1);
      d.task('b', { needs: ['a'] }, () => 1);
    };
    expect(() => compile(circle)).toThrow(/'a' \(\S+\) needs 'b' \(\S+\) needs 'a' \(\S+\)/);
  });

  it('with a need of another DAG', () => {
    let foreign: ReturnType<DagBuilder<object>['task']> | undefined;
    dag('other', {}, (d) => {
      foreign = d.task('theirs', () => 1);
    });
    expect(() => compile((d) => void d.task('mine', { needs: [foreign ?? 'none'] }, () => 1))).toThrow(
      /task 'mine' \(\S+\) needs task 'theirs' of DAG 'other'/,
    );
  });

  it.each<[string, (d: DagBuilder<object>) => void]>([
    ['it has no tasks', () => {}],
    ['needs itself', (d) => d.task('a', { needs: ['a'] }, () => 1)],
    [
      "needs unknown task 'extrat': did you mean 'extract'?",
      (d) => {
        d.task('extract', () => 1);
        d.task('load', { needs: ['extrat'] }, () => 1);
      },
    ],
    [
      '1001 tasks, 1000 are allowed',
      (d) => Array.from({ length: 1_001 }, (_, at) => d.task(`t${at}`, () => 1)),
    ],
    ['task id "two words" is not valid', (d) => d.task('two words', () => 1)],
    ['duration "soon" is not valid', (d) => d.task('a', { timeout: 'soon' }, () => 1)],
    ['duration "soon" is not valid', (d) => d.task('a', { cancelGrace: 'soon' }, () => 1)],
    ['heartbeatTimeout "500ms" is too short', (d) => d.task('a', { heartbeatTimeout: '500ms' }, () => 1)],
    ['retries -1 is not valid', (d) => d.task('a', { retries: -1 }, () => 1)],
    ['retries 1.5 is not valid', (d) => d.task('a', { retries: { max: 1.5 } }, () => 1)],
    [
      'retries.factor 0.5 is not valid: use 1 to 100',
      (d) => d.task('a', { retries: { max: 1, factor: 0.5 } }, () => 1),
    ],
    [
      "retries.factor 2 is not valid: use 1 to 100, with backoff 'exponential'",
      (d) => d.task('a', { retries: { max: 1, backoff: 'linear', factor: 2 } }, () => 1),
    ],
    [
      'retries.backoff "quick" is not valid',
      (d) => d.task('a', { retries: JSON.parse('{"max":1,"backoff":"quick"}') }, () => 1),
    ],
    [
      'retries.jitter 2 is not valid: use 0 to 1',
      (d) => d.task('a', { retries: { max: 1, jitter: 2 } }, () => 1),
    ],
    [
      'retries.nonRetryable "TypeError" is not valid: write names of errors',
      (d) => d.task('a', { retries: JSON.parse('{"max":1,"nonRetryable":"TypeError"}') }, () => 1),
    ],
    [
      `retries {"max":1,"delay":"1s"} is not valid: 'delay' is not known`,
      (d) => d.task('a', { retries: JSON.parse('{"max":1,"delay":"1s"}') }, () => 1),
    ],
    [
      "trigger rule 'all_sucess' is not known: did you mean 'all_success'?",
      (d) => d.task('a', taskOptions('{"triggerRule":"all_sucess"}'), () => 1),
    ],
    ['outlet 1 is not an asset', (d) => d.task('a', taskOptions('{"outlets":["s3://lake/a"]}'), () => 1)],
  ])('because %s', (reason, build) => {
    expect(() => compile(build)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
    expect(() => compile(build)).toThrow(reason);
  });

  it('because runs that its schedule starts would lack a parameter', () => {
    const params = z.object({
      region: z.string(),
      day: z.string().default('x'),
      note: z.string().optional(),
    });
    const build = (schedule: typeof orders | undefined) =>
      compileDag(
        dag('d', { params, ...(schedule && { schedule }) }, (d) => void d.task('a', () => 1)),
        'd.ts',
      );
    expect(() => build(orders)).toThrow(
      /params: .region. must be given, and runs that its schedule starts are given nothing: add \.default/,
    );
    expect(build(undefined).paramsSchema).toMatchObject({ required: ['region'] });
  });

  it.each<[string, DagOptions<undefined>]>([
    ['maxActiveRuns 0 is not valid', { maxActiveRuns: 0 }],
    ['maxActiveRuns 1001 is not valid', { maxActiveRuns: 1_001 }],
    ['maxActiveTasks 501 is not valid: use a whole number from 1 to 500', { maxActiveTasks: 501 }],
    ['maxActiveTasks 0 is not valid', { maxActiveTasks: 0 }],
    ['duration "soon" is not valid', { runTimeout: 'soon' }],
    ['catchup "latest" is not valid: the DAG has no schedule by time', { catchup: 'latest' }],
    [
      'endDate "2024-01-01" is not valid: it is not behind startDate',
      { startDate: '2024-01-01', endDate: '2024-01-01' },
    ],
    ['startDate "2024-02-30" is not valid', { startDate: '2024-02-30' }],
    ['startDate "2024-01-01T06:00:00" is not valid', { startDate: '2024-01-01T06:00:00' }],
    ['startFrom "yesterday" is not valid', { startFrom: 'yesterday' }],
    [
      'startFrom "earliest" is not valid: where runs are',
      { schedule: orders, partitioned: true, startFrom: 'earliest' },
    ],
    ['whilePaused "drop" is not valid', { whilePaused: JSON.parse('"drop"') }],
    ['startDate null is not valid', { startDate: new Date(Number.NaN) }],
    ['tag "" is not valid', { tags: [''] }],
    ["a condition holds the text 's3://lake/a'", dagOptions('{"schedule":["s3://lake/a"]}')],
    ['outlet 2 is not an asset', { outlets: [orders, JSON.parse('"s3://lake/a"')] }],
    ["outlets are not a list: write outlets: [asset('…')]", dagOptions('{"outlets":"s3://lake/a"}')],
    [
      'outlet s3://lake/typed of the DAG has an eventExtra that asks for an extra',
      { outlets: [asset('s3://lake/typed', { eventExtra: z.object({ rows: z.number() }) })] },
    ],
    ['are allowed: split it into several DAGs', { description: 'x'.repeat(600_000) }],
  ])('because %s', (reason, options) => {
    expect(() => compile(one, options)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
    expect(() => compile(one, options)).toThrow(reason);
  });

  it('saying which one it is, and where', () => {
    expect(() => compileDag(dag('a dag', {}, one), 'dags/a.ts')).toThrow(
      /^DAG 'a dag' \(\S+compile\.test\.ts:\d+\): /,
    );
  });
});
