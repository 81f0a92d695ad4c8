import { setTimeout as delay } from 'node:timers/promises';
import { parseDagId, runIdByHand } from '../../core/ids.ts';
import { dag, defineAsset, NonRetryable, resource } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const did: string[] = [];
let made = 0;
const counted = (name: string, scope: 'worker' | 'run') =>
  resource({
    name,
    scope,
    setUp: async ({ run }) => {
      did.push(`${name} up${run === null ? '' : ` of ${run.dagId}`}`);
      await delay(100);
      made += 1;
      return { number: made };
    },
    tearDown: () => void did.push(`${name} down`),
  });

const pool = counted('pool', 'worker');
const table = resource({
  name: 'table',
  needs: { pool },
  setUp: ({ resources }) => ({ number: resources.pool.number, kind: 'table' }),
  tearDown: () => void did.push('table down'),
});
const scratch = counted('scratch', 'run');
const later = counted('later', 'run');
let asked = 0;
const shaky = resource({
  name: 'shaky',
  setUp: () => {
    asked += 1;
    if (asked === 1) throw new Error('no answer');
    return 'there';
  },
});
const refused = resource({
  name: 'refused',
  setUp: () => {
    throw new NonRetryable('wrong password');
  },
});
const stuck = resource({
  name: 'stuck',
  setUp: () => 1,
  tearDown: () => {
    throw new Error('it hangs on');
  },
});
const remote = resource({ name: 'remote', setUp: (): string => 'the real one' });

let isWaiting = true;
const retries = { max: 3, initial: '100 ms' } as const;
const dags = [
  dag('share', { resources: { pool } }, (d) => {
    for (const id of ['a', 'b', 'c']) d.task(id, async ({ resources }) => resources.pool.number);
    d.task('made_of', { resources: { table, stuck } }, async ({ resources }) => [
      resources.table.kind,
      resources.table.number === resources.pool.number,
    ]);
  }),
  dag('of_runs', { resources: { scratch } }, (d) => {
    const first = d.task('first', async ({ resources }) => resources.scratch.number);
    d.task('second', { needs: [first] }, async ({ resources }) => resources.scratch.number);
  }),
  dag('idle', { resources: { later } }, (d) => {
    const first = d.task('first', async ({ resources }) => resources.later.number);
    const wait = d.task('wait', { needs: [first], resources: { later: remote } }, async () => {
      while (isWaiting) await delay(50);
    });
    d.task('second', { needs: [wait] }, async ({ resources }) => resources.later.number);
  }),
  dag(
    'shaky',
    {},
    (d) => void d.task('use', { resources: { shaky }, retries }, async ({ resources }) => resources.shaky),
  ),
  dag('refused', {}, (d) => void d.task('use', { resources: { refused }, retries }, async () => 1)),
  dag(
    'remote',
    {},
    (d) => void d.task('use', { resources: { remote } }, async ({ resources }) => resources.remote),
  ),
];
const totals = defineAsset(
  's3://resources/totals',
  { resources: { table } },
  ({ resources }) => resources.table.kind,
);

let tidegate: Tidegate;
let aheadMs = 0;
beforeAll(async () => {
  tidegate = await startTidegate([...dags, totals.dag], {
    clock: () => Date.now() + aheadMs,
    services: new Map([[remote, 'another one']]),
  });
});
afterAll(() => {
  isWaiting = false;
  return tidegate.stop();
});

const run = async (dagId: string) => {
  const runId = await tidegate.trigger(dagId);
  const { state } = await tidegate.closed(dagId, runId);
  const tasks = await tidegate.tasksOf(dagId, runId);
  return { state, tasks, results: Object.fromEntries(tasks.map(({ task_id, result }) => [task_id, result])) };
};
const counts = (what: string): number => did.filter((one) => one === what).length;

describe('a resource of the worker', () => {
  it('is set up once, for tasks that need it at the same time and for those that come later', async () => {
    const [one, two] = [await run('share'), await run('share')];
    expect(counts('pool up')).toBe(1);
    const { a, b, c, made_of: table } = one.results;
    expect([a, b, c]).toEqual([a, a, a]);
    expect(table).toEqual(['table', true]);
    expect(two.results).toEqual(one.results);
  });

  it('is given to what defines an asset, too', async () => {
    const { results } = await run(totals.dag.id);
    expect(results).toEqual({ [totals.dag.id]: 'table' });
  });
});

describe('a resource of a run', () => {
  it('is one for all tasks of the run, another one in the next, and torn down when the run has closed', async () => {
    const [one, two] = [await run('of_runs'), await run('of_runs')];
    expect(one.results['first']).toBe(one.results['second']);
    expect(two.results['first']).toBe(two.results['second']);
    expect(one.results['first']).not.toBe(two.results['first']);
    expect(counts('scratch up of of_runs')).toBe(2);
    await eventually(async () => counts('scratch down') === 2);
  });

  it('is torn down where no task of the run needed it for long, and set up again for the next that does', async () => {
    const runId = await tidegate.trigger('idle');
    await eventually(async () =>
      (await tidegate.tasksOf('idle', runId)).some(({ state }) => state === 'success'),
    );
    expect(counts('later down')).toBe(0);
    aheadMs = 11 * 60_000;
    await eventually(async () => counts('later down') === 1);
    isWaiting = false;
    await tidegate.closed('idle', runId);
    const [first, second] = await tidegate.tasksOf('idle', runId);
    expect([typeof first?.result, typeof second?.result]).toEqual(['number', 'number']);
    expect(first?.result).not.toBe(second?.result);
  });
});

describe('a set-up that fails', () => {
  it('fails the try, and is tried again at the next', async () => {
    const { state, tasks } = await run('shaky');
    expect({ state, asked }).toEqual({ state: 'success', asked: 2 });
    expect(tasks).toMatchObject([{ try: 2, failures: 1, result: 'there' }]);
    const lines = await tidegate.deps.db
      .selectFrom('task_log')
      .select('fields')
      .where('dag_id', '=', 'shaky' as never)
      .execute();
    expect(lines).toMatchObject([{ fields: { error: "resource 'shaky' could not be set up: no answer" } }]);
  });

  it('is not tried again where it forbids that', async () => {
    const { tasks } = await run('refused');
    expect(tasks).toMatchObject([
      { state: 'failed', try: 1, error: "resource 'refused' could not be set up: wrong password" },
    ]);
  });
});

describe('a service that stands in for a resource', () => {
  it('is what tasks are given', async () => {
    expect((await run('remote')).results).toEqual({ use: 'another one' });
  });
});

describe('a worker that stops', () => {
  it('tears down what is made of others first, whatever else cannot be torn down', async () => {
    await tidegate.deps.resources.close();
    const down = did.filter((one) => one === 'table down' || one === 'pool down');
    expect(down).toEqual(['table down', 'pool down']);
    const asked = tidegate.deps.resources.use(
      { pool },
      { dagId: parseDagId('late'), runId: runIdByHand(0, 'late'), attempt: 1 },
    );
    await expect(asked).rejects.toThrow('the worker has stopped');
    expect(counts('pool up')).toBe(1);
    expect(tidegate.logged).toContainEqual(expect.stringMatching(/resource not torn down/));
  });
});
