import { sql } from 'kysely';
import { z } from 'zod';
import { exchangeSlots } from '../../activities/pool-slots.ts';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import type { PoolPlan } from '../../core/pool.ts';
import { mappedWorkflowId } from '../../core/workflow-names.ts';
import { dag, type TaskContext, type TaskOptions } from '../../sdk/index.ts';
import { cancelRun } from '../../temporal/control.ts';
import { sweep } from '../../temporal/sweep.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const pools: readonly PoolPlan[] = [
  { name: 'shared', slots: 2 },
  { name: 'keyed', slotsPerKey: 1 },
  { name: 'mapped', slots: 3 },
  { name: 'rated', rate: { starts: 2, perMs: 1_500 } },
  { name: 'given_up', slots: 1 },
  { name: 'lost', slots: 1 },
  { name: 'runs', slots: 1 },
  { name: 'removed', slots: 1 },
  { name: 'tried', slots: 1 },
];

/** Code that is in its pool until its latch is opened. */
const latches = new Map<string, Latch>();
const inside = new Map<string, Set<string>>();
const most = new Map<string, number>();
const latch = (name: string): Latch => {
  const one = latches.get(name) ?? aLatch();
  latches.set(name, one);
  return one;
};
const within =
  (pool: string) =>
  async ({ dagId, runId, taskId, ...rest }: TaskContext<object>) => {
    const now = inside.get(pool) ?? new Set();
    inside.set(pool, now);
    const who = [dagId, runId, taskId, 'mapIndex' in rest ? rest.mapIndex : ''].join(' ');
    now.add(who);
    most.set(pool, Math.max(most.get(pool) ?? 0, now.size));
    await latch(`${pool} ${dagId}`).opened;
    now.delete(who);
  };
const using = (id: string, pool: NonNullable<TaskOptions['pool']>, options = {}) =>
  dag(id, options, (d) => void d.task('work', { pool }, within(typeof pool === 'string' ? pool : pool.name)));

const dags = [
  using('first', 'shared'),
  using('second', 'shared'),
  dag('by_customer', { params: z.object({ customer: z.string().default('nobody') }) }, (d) => {
    d.task('work', { pool: { name: 'keyed', key: '{{ params.customer }}' } }, within('keyed'));
  }),
  dag('by_date', {}, (d) => {
    d.task('work', { pool: { name: 'keyed', key: '{{ ds }}' } }, within('keyed'));
  }),
  dag('whole_by_date', { pool: { name: 'runs', key: '{{ ds }}' } }, (d) => void d.task('work', () => 1)),
  dag('spread', {}, (d) => {
    const list = d.task('list', async () => Array.from({ length: 12 }, (_, item) => item));
    d.map('each', list, { pool: 'mapped' }, within('mapped'));
  }),
  using('rated', 'rated'),
  using('gives_up', 'given_up'),
  using('lost', 'lost'),
  dag('whole', { pool: 'runs' }, (d) => {
    const one = d.task('one', within('runs'));
    d.task('two', { needs: [one] }, within('runs'));
  }),
  using('removed', 'removed'),
  dag('tried', {}, (d) => {
    d.task('work', { pool: 'tried', retries: { max: 1, initial: '200ms' } }, async ({ try: number }) => {
      if (number === 1) throw new Error('not yet');
    });
  }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags, { pools });
});
afterAll(async () => {
  for (const one of latches.values()) one.open();
  await tidegate.stop();
});

const leases = async (pool: string) => {
  const { rows } = await sql<{ run_id: string; key: string; granted: boolean }>`
    select run_id, key, granted_at is not null as granted from pool_lease where pool = ${pool} order by number`.execute(
    tidegate.deps.db,
  );
  return rows;
};
const held = async (pool: string) => (await leases(pool)).filter(({ granted }) => granted).length;
const waiting = async (pool: string) => (await leases(pool)).filter(({ granted }) => !granted).length;
const isEmpty = (pool: string) => eventually(async () => (await leases(pool)).length === 0);
const inPool = (pool: string) => inside.get(pool)?.size ?? 0;
const triggerAll = (dagId: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => tidegate.trigger(dagId)));

describe('tasks of two DAGs in one pool', () => {
  it('never hold more than it has, and all have their turn', async () => {
    await triggerAll('first', 4);
    await eventually(async () => (await leases('shared')).length === 4);
    await triggerAll('second', 2);
    await eventually(async () => (await leases('shared')).length === 6);
    expect({ held: await held('shared'), inside: inPool('shared') }).toEqual({ held: 2, inside: 2 });
    latch('shared first').open();
    latch('shared second').open();
    const runs = await Promise.all([tidegate.runsClosed('first', 4), tidegate.runsClosed('second', 2)]);
    expect(runs.flat().map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'success'));
    expect(most.get('shared')).toBe(2);
    await isEmpty('shared');
  });
});

describe('a key', () => {
  it('is rendered with the values of the run, and holds no more than one may', async () => {
    await Promise.all(
      ['acme', 'acme', 'other'].map((customer) => tidegate.trigger('by_customer', { customer })),
    );
    await tidegate.trigger('by_customer');
    await eventually(async () => inPool('keyed') === 3 && (await waiting('keyed')) === 1);
    const keys = (await leases('keyed')).map(({ key }) => key).toSorted();
    expect(keys).toEqual(['acme', 'acme', 'nobody', 'other']);
    latch('keyed by_customer').open();
    await tidegate.runsClosed('by_customer', 4);
    await isEmpty('keyed');
  });

  it('that the run has no value for fails the task, and says why', async () => {
    const runId = await tidegate.trigger('by_date');
    expect(await tidegate.closed('by_date', runId)).toMatchObject({ state: 'failed' });
    const [task] = await tidegate.tasksOf('by_date', runId);
    expect(task?.error).toMatch(/has no value for \{\{ ds \}\}: the run has no logical date/);
  });

  it('that the run has no value for fails a run that holds slots as a whole, before any task', async () => {
    const runId = await tidegate.trigger('whole_by_date');
    expect(await tidegate.closed('whole_by_date', runId)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('has no value for {{ ds }}: the run has no logical date'),
    });
    expect(await tidegate.tasksOf('whole_by_date', runId)).toEqual([]);
  });
});

describe('instances of a mapped task', () => {
  it('hold a slot each, and all have their turn', async () => {
    const runId = await tidegate.trigger('spread');
    await eventually(async () => inPool('mapped') === 3 && (await waiting('mapped')) === 9);
    const dagId = parseDagId('spread');
    const id = mappedWorkflowId(dagId, parseRunId(dagId, runId), 1, parseTaskId('each'));
    const { currentDetails } = await tidegate.deps.temporal.client.workflow
      .getHandle(id)
      .query<{ readonly currentDetails: string }>('__temporal_workflow_metadata');
    expect(currentDetails).toContain('0 of 12 instances ended');
    expect(currentDetails).toContain(', 9 queued for pool mapped');
    latch('mapped spread').open();
    expect(await tidegate.closed('spread', runId)).toMatchObject({ state: 'success' });
    expect(most.get('mapped')).toBe(3);
    await isEmpty('mapped');
  });
});

describe('a pool with a rate', () => {
  it('lets no more start in its window, and goes on while all that started are at work', async () => {
    await triggerAll('rated', 5);
    await eventually(() => Promise.resolve(inPool('rated') === 5));
    const { rows } = await sql<{ at: Date }>`
      select granted_at as at from pool_lease where pool = 'rated' order by granted_at`.execute(
      tidegate.deps.db,
    );
    const times = rows.map(({ at }) => at.getTime());
    const gaps = times.flatMap((at, index) => (index < 2 ? [] : [at - (times[index - 2] ?? at)]));
    expect(gaps).toHaveLength(3);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(1_500);
      // At once when it may, not with the next sweep.
      expect(gap).toBeLessThan(2_800);
    }
    latch('rated rated').open();
    await tidegate.runsClosed('rated', 5);
    await isEmpty('rated');
  });
});

describe('a run that waits', () => {
  it('gives its place up when it is cancelled, and whoever is behind goes on', async () => {
    const [first = ''] = await triggerAll('gives_up', 1);
    await eventually(() => Promise.resolve(inPool('given_up') === 1));
    const second = await tidegate.trigger('gives_up');
    await eventually(async () => (await waiting('given_up')) === 1);
    const third = await tidegate.trigger('gives_up');
    await eventually(async () => (await waiting('given_up')) === 2);
    const dagId = parseDagId('gives_up');
    await cancelRun(tidegate.deps, { dagId, runId: parseRunId(dagId, second), attempt: 1 });
    expect(await tidegate.closed('gives_up', second)).toMatchObject({ state: 'failed', reason: 'cancelled' });
    expect((await leases('given_up')).map(({ run_id }) => run_id)).toEqual([first, third]);
    latch('given_up gives_up').open();
    expect(await tidegate.closed('gives_up', third)).toMatchObject({ state: 'success' });
    expect(await tidegate.tasksOf('gives_up', second)).toEqual([]);
    await isEmpty('given_up');
  });
});

describe('what is asked for and given back together', () => {
  it('is not there afterwards, and whoever asked stays alive', async () => {
    latches.set('shared first', aLatch());
    const runId = await tidegate.trigger('first');
    await eventually(async () => (await tidegate.tasksOf('first', runId)).length === 1);
    const wish = {
      ...{ dagId: parseDagId('first'), runId: parseRunId(parseDagId('first'), runId), attempt: 1 },
      ...{ pool: { name: 'given_up' }, taskId: parseTaskId('other'), workflowId: 'dag/first' },
    };
    const ask = { kind: 'ask', wish } as const;
    const giveBack = { kind: 'give back', wish } as const;
    await exchangeSlots(tidegate.deps, [ask, giveBack]);
    expect(await leases('given_up')).toEqual([]);
    await exchangeSlots(tidegate.deps, [ask]);
    expect(await leases('given_up')).toMatchObject([{ granted: true }]);
    await exchangeSlots(tidegate.deps, [giveBack]);
    latch('shared first').open();
    await tidegate.closed('first', runId);
  });
});

describe('a holder that is terminated', () => {
  it('holds nothing any more after the next full sweep, which gives its slot to the next', async () => {
    const lost = await tidegate.trigger('lost');
    await eventually(() => Promise.resolve(inPool('lost') === 1));
    const next = await tidegate.trigger('lost');
    await eventually(async () => (await waiting('lost')) === 1);
    await tidegate.run('lost', lost).terminate();
    expect(await waiting('lost')).toBe(1);
    await sweep(tidegate.deps, { isFull: true });
    expect(await tidegate.closed('lost', lost)).toMatchObject({ state: 'failed' });
    await eventually(async () => (await tidegate.tasksOf('lost', next)).length === 1);
    latch('lost lost').open();
    expect(await tidegate.closed('lost', next)).toMatchObject({ state: 'success' });
    await isEmpty('lost');
  });
});

describe('a DAG whose runs hold a slot as a whole', () => {
  it('has one run under way from its first task to its end, and the others wait without one', async () => {
    const [first = '', second = ''] = await triggerAll('whole', 2);
    await eventually(async () => inPool('runs') === 1 && (await waiting('runs')) === 1);
    const [holder] = (await leases('runs')).filter(({ granted }) => granted);
    const other = holder?.run_id === first ? second : first;
    expect(await tidegate.tasksOf('whole', other)).toEqual([]);
    latch('runs whole').open();
    const runs = await tidegate.runsClosed('whole', 2);
    const [earlier, later] = runs.toSorted((a, b) => Number(a.ended_at) - Number(b.ended_at));
    expect(later?.started_at?.getTime()).toBeGreaterThanOrEqual(earlier?.ended_at?.getTime() ?? Infinity);
    expect(most.get('runs')).toBe(1);
    await isEmpty('runs');
  });
});

describe('a task that is tried again', () => {
  it('holds its slot until its last try has ended', async () => {
    const runId = await tidegate.trigger('tried');
    await eventually(async () => (await tidegate.tasksOf('tried', runId))[0]?.state === 'up_for_retry');
    expect(await held('tried')).toBe(1);
    expect(await tidegate.closed('tried', runId)).toMatchObject({ state: 'success' });
    await isEmpty('tried');
  });
});

describe('a pool that is removed', () => {
  it('keeps nobody waiting, and nobody who comes', async () => {
    await triggerAll('removed', 2);
    await eventually(async () => inPool('removed') === 1 && (await waiting('removed')) === 1);
    await tidegate.deploy(
      dags,
      pools.filter(({ name }) => name !== 'removed'),
    );
    await tidegate.trigger('removed');
    await eventually(() => Promise.resolve(inPool('removed') === 3));
    latch('removed removed').open();
    expect(await tidegate.runsClosed('removed', 3)).toHaveLength(3);
    await isEmpty('removed');
  });
});
