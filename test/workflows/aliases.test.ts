import { parseDagId } from '../../core/ids.ts';
import { alias, all, asset, dag, type DagDefinition, type DagOptions } from '../../sdk/index.ts';
import { readConsumer } from '../../store/gate.ts';
import { toDagGate } from '../../api/wire/gate.ts';
import { aLatch } from '../support/latch.ts';
import { startTidegate, type Tidegate } from '../support/tidegate.ts';

const [files, reports] = [alias('daily-files'), alias('reports')];
const orders = asset('s3://aliases/orders');
const rates = asset('s3://aliases/rates');
/** Nobody declares it. */
const fresh = asset('s3://aliases/fresh');

const [began, late] = [aLatch(), aLatch()];

/** Its one task returns what its run consumed, by asset and by alias. */
const seeing = (id: string, schedule: NonNullable<DagOptions['schedule']>): DagDefinition =>
  dag(id, { schedule }, (d) => {
    d.task('see', async ({ events }) => ({
      all: (await events.all().toArray()).map(({ asset: { name }, extra }) => [name, extra]),
      files: await events.of(files).count(),
      orders: await events.of(orders).count(),
    }));
  });

const project = [
  dag('daily', {}, (d) => {
    d.task('load', { outlets: [files, reports] }, ({ emit }) => {
      emit.via(files, fresh, { extra: { rows: 1 } });
      emit.via([reports, files], fresh, { extra: { rows: 1 } });
      emit.via(files, rates, { extra: { rows: 2 } });
    });
  }),
  dag('nothing', {}, (d) => void d.task('load', { outlets: [files] }, () => undefined)),
  dag('twice', {}, (d) => {
    d.task('load', { outlets: [orders, files] }, ({ emit }) => emit.via(files, orders));
  }),
  dag('clashing', {}, (d) => {
    d.task('load', { outlets: [files, orders] }, ({ emit }) => {
      emit.via(files, asset('s3://aliases/never'));
      emit.via(files, asset({ name: 'orders', uri: orders.uri }));
    });
  }),
  dag('late', {}, (d) => {
    d.task('load', { outlets: [files] }, async ({ emit }) => {
      emit.via(files, asset({ name: 'late', uri: 's3://aliases/late' }));
      began.open();
      await late.opened;
    });
  }),
  seeing('by_files', files),
  seeing('by_reports', reports),
  seeing('by_orders', orders),
  seeing('by_rates', rates),
  seeing('by_files_or_orders', files.or(orders)),
  seeing('by_files_and_orders', all(files, orders)),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(project);
});
afterAll(() => tidegate.stop());

const sawOf = async (dagId: string, count: number): Promise<readonly unknown[]> => {
  const runs = await tidegate.runsClosed(dagId, count);
  return Promise.all(runs.map(async ({ run_id }) => (await tidegate.tasksOf(dagId, run_id))[0]?.result));
};
const run = async (dagId: string) => {
  const runId = await tidegate.trigger(dagId);
  return { ...(await tidegate.closed(dagId, runId)), tasks: await tidegate.tasksOf(dagId, runId) };
};
const eventsOf = (dagId: string) =>
  tidegate.deps.db
    .selectFrom('asset_event')
    .innerJoin('asset', 'asset.id', 'asset_id')
    .select(['asset.name', 'asset_event.extra'])
    .where('source_dag_id', '=', parseDagId(dagId))
    .orderBy('seq')
    .execute();
const gateOf = async (dagId: string) => {
  const current = await readConsumer(tidegate.deps.db, parseDagId(dagId));
  if (current === undefined) throw new Error(`no consumer ${dagId}`);
  return toDagGate(parseDagId(dagId), current);
};

describe('a task that updates assets through aliases', () => {
  it('starts those who wait for an alias and those who wait for the asset, each once', async () => {
    expect(await run('daily')).toMatchObject({ state: 'success' });
    expect(await eventsOf('daily')).toEqual([
      { name: fresh.name, extra: { rows: 1 } },
      { name: rates.name, extra: { rows: 2 } },
    ]);
    const both = [
      [fresh.name, { rows: 1 }],
      [rates.name, { rows: 2 }],
    ];
    expect(await sawOf('by_files', 1)).toEqual([{ all: both, files: 2, orders: 0 }]);
    expect(await sawOf('by_files_or_orders', 1)).toEqual([{ all: both, files: 2, orders: 0 }]);
    expect(await sawOf('by_reports', 1)).toEqual([{ all: both.slice(0, 1), files: 1, orders: 0 }]);
    expect(await sawOf('by_rates', 1)).toEqual([{ all: both.slice(1), files: 1, orders: 0 }]);
    expect(await tidegate.runsOf('by_orders')).toEqual([]);
  });

  it('records nothing where it added nothing', async () => {
    expect(await run('nothing')).toMatchObject({ state: 'success' });
    expect(await eventsOf('nothing')).toEqual([]);
  });

  it('records two events where the asset is an outlet too, and a consumer of both lists each once', async () => {
    expect(await gateOf('by_files_and_orders')).toMatchObject({
      sentence: `Waits for ${orders.name}; 1 of 2 assets updated.`,
      explanation: {
        of: [
          { kind: 'alias', alias: { name: 'daily-files' }, met: true, queued: { count: 2 } },
          { kind: 'asset', asset: { name: orders.name }, met: false, queued: null },
        ],
      },
    });
    expect(await run('twice')).toMatchObject({ state: 'success' });
    expect(await eventsOf('twice')).toHaveLength(2);
    expect(await sawOf('by_orders', 1)).toMatchObject([{ all: [{}, {}], files: 1, orders: 2 }]);
    expect(await sawOf('by_files_and_orders', 1)).toMatchObject([
      { all: [{}, {}, {}, {}], files: 3, orders: 2 },
    ]);
    expect(await sawOf('by_files', 2)).toContainEqual({ all: [[orders.name, {}]], files: 1, orders: 1 });
  });

  it('fails in its own line where an asset clashes, and records nothing', async () => {
    const failed = await run('clashing');
    expect(failed).toMatchObject({ state: 'failed' });
    expect(failed.tasks[0]?.error).toBe(
      `asset "orders" cannot be registered: the active asset "${orders.name}" has this URI: use that asset, or another URI`,
    );
    expect(await eventsOf('clashing')).toEqual([]);
    const never = tidegate.deps.db.selectFrom('asset').select('id').where('name', '=', 's3://aliases/never');
    expect(await never.execute()).toEqual([]);
  });

  it('fails before anything is recorded where somebody took the name meanwhile', async () => {
    const runId = await tidegate.trigger('late');
    await began.opened;
    await tidegate.deploy([
      ...project,
      seeing('by_late', asset({ name: 'late', uri: 's3://aliases/other' })),
    ]);
    late.open();
    expect(await tidegate.closed('late', runId)).toMatchObject({ state: 'failed' });
    expect((await tidegate.tasksOf('late', runId))[0]?.error).toMatch(
      /asset "late" cannot be registered: the active asset "late" has another URI, s3:\/\/aliases\/other/,
    );
    expect(await eventsOf('late')).toEqual([]);
  });
});

describe('a direct update of an asset', () => {
  it('does not start who waits for the alias it once came through', async () => {
    const before = (await tidegate.runsOf('by_files')).length;
    await tidegate.post(rates.uri);
    await tidegate.runsClosed('by_rates', 2);
    await tidegate.deps.dispatcher.idle();
    expect(await tidegate.runsOf('by_files')).toHaveLength(before);
    expect((await gateOf('by_files')).explanation).toMatchObject({ met: false, queued: null });
  });
});
