import { z } from 'zod';
import {
  alias,
  asset,
  assetRef,
  dag,
  defineAsset,
  ioManager,
  resource,
  RetryAfter,
  zip,
} from '../../sdk/index.ts';
import { testDag, testTask } from '../../testing/index.ts';
import { fail, ok, skip, startRuns } from '../support/runs.ts';

const orders = asset('s3://kit/orders', { eventExtra: z.object({ rows: z.number() }) });
const totals = asset('s3://kit/totals');
const files = alias('files');

const load = dag('load', { params: z.object({ factor: z.number().default(2) }) }, (d) => {
  const rows = d.task('rows', async ({ params }) => [1, 2, 3].map((row) => row * params.factor));
  d.task('store', { needs: { rows }, outlets: [orders, totals] }, async ({ needs, emit, log }) => {
    log.info('storing', { rows: needs.rows.length });
    emit(orders, { extra: { rows: needs.rows.length } });
  });
});

const shapes = dag('shapes', {}, (d) => {
  const up = d.task('up', ok);
  const list = d.task('list', async () => ['a', 'b', 'c']);
  const each = d.map(
    'each',
    list,
    { retries: { max: 1, initial: '10ms' } },
    async ({ item, mapIndex, try: number }) => {
      if (item === 'b' && number === 1) fail();
      if (item === 'c') skip();
      return `${item}${mapIndex}`;
    },
  );
  const choose = d.branch('choose', { needs: { each } }, async ({ needs }) =>
    needs.each.length === 2 ? 'two' : 'other',
  );
  const two = d.task('two', { needs: [choose] }, ok);
  const other = d.task('other', { needs: [choose] }, ok);
  const stop = d.shortCircuit('stop', { needs: [two] }, async () => false);
  d.task('never', { needs: [stop], triggerRule: 'all_done' }, ok);
  const pause = d.wait('pause', { needs: [two], for: '100ms' });
  const file = d.waitFor('file', { every: '1s' }, async ({ try: look }) => look > 1 && 'file');
  const child = d.trigger('child', { dag: 'load', wait: false });
  d.task('last', { needs: [pause, file, child, other], triggerRule: 'none_failed' }, ok);
  d.task('down', { needs: [pause], teardownOf: up }, fail);
  d.onSuccess('tell', {}, ({ cause }) => cause.kind);
  d.onRetry('again', {}, ({ cause }) => `${cause.taskId}[${cause.mapIndex}]: ${cause.error}`);
});

describe('a DAG run in process', () => {
  it('tolerates as many failed instances as it is told to', async () => {
    const tolerant = dag('tolerant', {}, (d) => {
      const list = d.task('list', async () => [0, 1]);
      const each = d.map('each', list, { toleratedFailures: 1 }, async ({ item }) => item || fail());
      d.task('behind', { needs: { each } }, async ({ needs }) => needs.each);
    });
    const run = await testDag(tolerant);
    expect(run.state).toBe('success');
    expect(run.tasks['behind']?.result).toEqual([1]);
  });

  it('maps over combinations of items, and over those at the same place', async () => {
    const combined = dag('combined', {}, (d) => {
      const a = d.task('a', async () => ['x', 'y']);
      const b = d.task('b', async () => [1, 2]);
      d.map('all', { a, b }, async ({ item }) => `${item.a}${item.b}`);
      d.map('pairs', zip({ a, b }), async ({ item }) => `${item.a}${item.b}`);
    });
    const { tasks } = await testDag(combined);
    expect(tasks['all']?.result).toEqual(['x1', 'x2', 'y1', 'y2']);
    expect(tasks['pairs']?.result).toEqual(['x1', 'y2']);
  });

  it('says why there are no instances, or nothing to wait for, as a deployed one does', async () => {
    const returning = (value: unknown) => async () => JSON.parse(JSON.stringify(value)) as never;
    const odd = dag('odd', {}, (d) => {
      const object = d.task('object', returning({ rows: 1 }));
      d.map('each', object as never, ok);
      const many = d.task('many', returning(Array.from({ length: 10_001 }, () => 0)));
      d.map('all', many as never, ok);
      d.map('uneven', zip({ many, none: d.task('one', async () => [1]) }) as never, ok);
      const soon = d.task('soon', returning('soon'));
      d.wait('pause', { until: soon });
      const none = d.task('none', async (): Promise<readonly number[]> => skip());
      d.map('unfed', none, { triggerRule: 'all_done' }, ok);
    });
    const { tasks } = await testDag(odd);
    const errorOf = (id: string) => tasks[id]?.state === 'failed' && String(tasks[id]?.error);
    expect(errorOf('each')).toMatch(/task object returned object, and each is mapped over a list/);
    expect(errorOf('all')).toMatch(/task many returned 10001 items, and all may have 10000 instances/);
    expect(errorOf('uneven')).toMatch(
      /task many returned 10001 items and task one 1, of which uneven takes one each/,
    );
    expect(errorOf('pause')).toMatch(/task soon returned "soon": return an instant/);
    expect(tasks['unfed']).toMatchObject({ state: 'skipped', instances: [] });
  });

  it('hands on results, checks parameters, and records what is emitted, silent outlets included', async () => {
    const { state, tasks, events } = await testDag(load, { conf: { factor: 10 } });
    expect(state).toBe('success');
    expect(tasks['rows']).toMatchObject({ state: 'success', result: [10, 20, 30], tries: 1 });
    expect(tasks['store']?.log).toEqual([{ level: 'info', message: 'storing', fields: { rows: 3 } }]);
    expect(events).toMatchObject([
      { asset: 's3://kit/orders', extra: { rows: 3 }, taskId: 'store', partition: null, mapIndex: -1 },
      { asset: 's3://kit/totals', extra: {} },
    ]);
    const wrong = await testDag(load, { conf: { factor: 'ten' } });
    expect(wrong).toMatchObject({ state: 'failed', events: [] });
    expect(String(wrong.tasks['rows']?.error)).toContain('conf.factor');
  });

  it('loads what was saved with the events it is given, the newest or each', async () => {
    const lake = ioManager({ name: 'lake', save: () => 1, load: (): readonly number[] => [] });
    const train = dag('train', { schedule: orders }, (d) => {
      d.task('last', async ({ load }) => load(orders, lake));
      d.task('each', async ({ load, events }) =>
        Promise.all((await events.all().toArray()).map((event) => load(event, lake))),
      );
      d.task('recorded', { inlets: [totals] }, async ({ load }) => load(totals, lake));
      d.task('none', { inlets: [files] }, async ({ load }) => load(files, lake));
    });
    const { tasks } = await testDag(train, {
      recorded: [{ asset: totals, saved: [9] }],
      events: [
        { asset: orders, extra: { rows: 1 }, saved: [1] },
        { asset: orders, extra: { rows: 2 }, saved: [2] },
      ],
    });
    const results = [tasks['last'], tasks['each'], tasks['recorded']].map((task) => task?.result);
    expect(results).toEqual([[2], [[1], [2]], [9]]);
    expect(String(tasks['none']?.error)).toContain('no event of alias files was recorded');
    const without = await testDag(train, { events: [{ asset: orders, extra: { rows: 1 } }] });
    expect(String(without.tasks['last']?.error)).toContain("has no value: give it one with 'saved'");
  });

  it('reads the events it is given, and what was recorded before', async () => {
    const report = dag('report', { schedule: orders }, (d) => {
      d.task('read', { inlets: [orders, files] }, async ({ events, inlets, waitFor, run }) => ({
        rows: (await events.of(orders).toArray()).map(({ extra }) => extra.rows),
        byReference: await events.of(assetRef({ name: orders.name })).count(),
        newest: (await inlets.of(orders).descending().first())?.extra.rows,
        many: await inlets
          .of(orders)
          .where({ 'extra.rows': { gt: 1 } })
          .count(),
        old: await inlets.of(orders).before('2025-12-31').count(),
        throughAlias: await inlets.of(files).count(),
        waited: (await waitFor(orders, { partition: 'de' })).extra.rows,
        trigger: run.trigger,
      }));
    });
    const { tasks } = await testDag(report, {
      recorded: [{ asset: orders, extra: { rows: 1 }, at: '2025-12-01' }],
      events: [
        { asset: orders, extra: { rows: 2 }, partition: 'de', aliases: ['files'] },
        { asset: orders, extra: { rows: 3 } },
      ],
    });
    expect(tasks['read']).toMatchObject({ error: null });
    expect(tasks['read']?.result).toEqual({
      ...{ rows: [2, 3], byReference: 2, newest: 3, many: 2, old: 1, throughAlias: 1, waited: 2 },
      trigger: 'asset',
    });
    await expect(testDag(report, { events: [{ asset: orders, extra: { rows: 'two' } }] })).rejects.toThrow(
      'extra.rows',
    );
    const inVain = dag('in_vain', {}, (d) => {
      d.task('wait', { inlets: [orders] }, ({ waitFor }) => waitFor(orders, { timeout: '1h' }));
    });
    expect(String((await testDag(inVain)).tasks['wait']?.error)).toContain(
      'no event of s3://kit/orders that is waited for came within 1h',
    );
  });

  it('has a clock that only pauses move on', async () => {
    const slow = dag('slow', {}, (d) => {
      d.task('tries', { retries: 2 }, ({ try: number }) => {
        if (number < 3) throw new RetryAfter('1 hour', 'later');
      });
      d.waitFor('asks', { every: '1 minute', giveUpAfter: '1 hour', onTimeout: 'skip' }, () => false);
      d.onLate('late', { after: '2 hours' }, ({ cause }) => cause.afterMs);
    });
    const { endedAt, tasks } = await testDag(slow, { now: '2026-06-01T00:00:00Z' });
    expect(new Date(endedAt).toISOString()).toBe('2026-06-01T03:00:00.000Z');
    expect(tasks).toMatchObject({
      tries: { tries: 3 },
      asks: { state: 'skipped', tries: 61 },
      late: { result: 7_200_000 },
    });
  });

  it('ends as it does on Temporal and Postgres', async () => {
    const here = await testDag(shapes);
    const runs = await startRuns([shapes, load]);
    try {
      const there = await runs.runOf('shapes');
      const rows = there.tasks.filter(({ map_index }) => map_index === -1);
      const ends = Object.fromEntries(rows.map(({ task_id, state, result }) => [task_id, [state, result]]));
      const { child: _, ...tasks } = here.tasks;
      const { child: __, ...expected } = ends;
      const single = Object.entries(tasks).filter(([id]) => id !== 'each' && id !== 'again');
      expect(Object.fromEntries(single.map(([id, { state, result }]) => [id, [state, result]]))).toEqual(
        expected,
      );
      expect(here.state).toBe(there.run.state);
      const each = there.tasks.filter(({ task_id }) => task_id === 'each');
      expect(
        here.tasks['each']?.instances?.map(({ state, result, tries }) => [state, result, tries]),
      ).toEqual(each.map(({ state, result, try: tries }) => [state, result, tries]));
      expect(here.tasks['again']?.result).toBe(
        there.tasks.find(({ task_id }) => task_id === 'again')?.result,
      );
      expect(here.triggered).toEqual([{ dagId: 'load', conf: {} }]);
    } finally {
      await runs.tidegate.stop();
    }
  });

  it('is given services in place of resources', async () => {
    const rates = resource({ name: 'rates', setUp: () => new Map([['EUR', 1]]) });
    const convert = dag('convert', { resources: { rates } }, (d) => {
      d.task('convert', async ({ resources }) => resources.rates.get('EUR') ?? 0);
    });
    const given = await testDag(convert, { resources: { rates: new Map([['EUR', 7]]) } });
    expect(given.tasks['convert']).toMatchObject({ result: 7 });
    expect(String((await testDag(convert)).tasks['convert']?.error)).toContain(
      "task convert needs resource 'rates': give it a service in 'resources'",
    );
  });

  it('has its slots of pools at once, whatever they are', async () => {
    const pooled = dag('pooled', { pool: 'runs' }, (d) => {
      const list = d.task('list', { pool: { name: 'none', slots: 9 } }, async () => [1, 2]);
      d.map('each', list, { pool: 'none' }, async ({ item }) => item);
    });
    const { state, tasks } = await testDag(pooled);
    expect([state, tasks['each']?.result]).toEqual(['success', [1, 2]]);
  });

  it('is also what defineAsset made', async () => {
    const report = defineAsset(
      's3://kit/report',
      { upstream: { orders } },
      async ({ upstream, self, emit }) => {
        emit(self, { extra: { of: await upstream.orders.count() } });
      },
    );
    const { events } = await testDag(report, { recorded: [{ asset: orders, extra: { rows: 1 } }] });
    expect(events).toMatchObject([{ asset: 's3://kit/report', extra: { of: 1 } }]);
  });
});

describe('a task run in process', () => {
  it('is given what it needs, and its item', async () => {
    expect(await testTask(load, 'store', { needs: { rows: [1] } })).toMatchObject({
      state: 'success',
      events: [{ extra: { rows: 1 } }, { asset: 's3://kit/totals' }],
    });
    expect(await testTask(shapes, 'each', { item: 'z', mapIndex: 7 })).toMatchObject({ result: 'z7' });
    expect(await testTask(shapes, 'tell', { cause: { kind: 'success' } })).toMatchObject({
      result: 'success',
    });
    await expect(testTask(load, 'stor')).rejects.toThrow("did you mean 'store'?");
  });
});
