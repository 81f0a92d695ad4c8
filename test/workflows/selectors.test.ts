import { z } from 'zod';
import { toDagGate } from '../../api/wire/gate.ts';
import { parseDagId } from '../../core/ids.ts';
import {
  alias,
  all,
  any,
  asset,
  assetRef,
  dag,
  type DagDefinition,
  type DagOptions,
  select,
} from '../../sdk/index.ts';
import { readConsumer } from '../../store/gate.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const files = alias('selected-files');
const [one, two, three] = ['one', 'two', 'three'].map((name) =>
  asset(`s3://selected/${name}`, { group: 'finance', tags: [name === 'one' ? 'first' : 'later'] }),
);
if (one === undefined || two === undefined || three === undefined) throw new Error('no assets');
const orders = asset({ name: 'referred orders', uri: 's3://referred/orders' });
const late = assetRef({ name: 'late orders' });

/** Its one task returns the names of the assets its run consumed events of. */
const seeing = (id: string, schedule: NonNullable<DagOptions['schedule']>): DagDefinition =>
  dag(id, { schedule }, (d) => {
    d.task('see', async ({ events }) => ({
      all: (await events.all().toArray()).map(({ asset: { name } }) => name),
      late: await events.of(late).count(),
    }));
  });
/** Mentions assets, as a project does. */
const knowing = (...assets: readonly NonNullable<typeof one>[]): DagDefinition =>
  dag('knowing', {}, (d) => void d.task('work', { inlets: assets }, () => undefined));

const project = [
  knowing(one, two, orders),
  dag('registering', {}, (d) => {
    d.task('load', { outlets: [files] }, ({ emit, run }) => {
      const { name } = z.object({ name: z.string() }).parse(run.conf);
      emit.via(
        files,
        asset({ name, uri: `s3://registered/${encodeURIComponent(name)}` }, { group: 'fresh' }),
      );
    });
  }),
  seeing('by_late', late),
  seeing('by_orders_ref', all(assetRef({ uri: orders.uri }))),
  seeing('by_group', all(select.group('finance'))),
  seeing('by_any', any(select.tag('first'), select.matching('*two'))),
  seeing('by_fresh', any(select.group('fresh'))),
  seeing('by_nothing', any(select.group('nobody'), one)),
  dag('looping', { schedule: any(select.group('fresh')) }, (d) => {
    d.task('load', { outlets: [files] }, ({ emit }) => emit.via(files, asset('s3://registered/looping')));
  }),
  dag('updating', {}, (d) => {
    const reference = assetRef({ name: orders.name });
    d.task('update', { outlets: [reference], inlets: [reference] }, async ({ emit, inlets }) => {
      emit(reference, { extra: { rows: 1 } });
      return inlets.of(reference).count();
    });
  }),
  dag('updating_silently', {}, (d) => {
    d.task('update', { outlets: [assetRef({ uri: orders.uri })] }, () => undefined);
  }),
  dag('updating_nothing', {}, (d) => {
    d.task('update', { outlets: [assetRef({ name: 'nowhere' })] }, () => 'ran');
  }),
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
const gateOf = async (dagId: string) => {
  const current = await readConsumer(tidegate.deps.db, parseDagId(dagId));
  if (current === undefined) throw new Error(`no consumer ${dagId}`);
  return toDagGate(parseDagId(dagId), current);
};
const versionOf = async (dagId: string) =>
  (
    await tidegate.deps.db
      .selectFrom('dag')
      .select('version')
      .where('dag_id', '=', parseDagId(dagId))
      .executeTakeFirstOrThrow()
  ).version;
const run = async (dagId: string, conf = {}) => {
  const runId = await tidegate.trigger(dagId, conf);
  return { ...(await tidegate.closed(dagId, runId)), tasks: await tidegate.tasksOf(dagId, runId) };
};

describe('a reference', () => {
  it('stands for the active asset of a URI', async () => {
    await tidegate.post(one.uri);
    expect(await run('updating_silently')).toMatchObject({ state: 'success' });
    expect(await sawOf('by_orders_ref', 1)).toEqual([{ all: [orders.name], late: 0 }]);
  });

  it('is never met before there is such an asset, and from then on is', async () => {
    expect(await gateOf('by_late')).toMatchObject({
      met: false,
      sentence: 'Waits for late orders (no active asset of this name yet); 0 of 1 assets updated.',
      explanation: { kind: 'asset_ref', asset_ref: { name: 'late orders' }, met: false, queued: null },
    });
    expect(await run('registering', { name: 'late orders' })).toMatchObject({ state: 'success' });
    expect(await sawOf('by_late', 1)).toEqual([{ all: ['late orders'], late: 1 }]);
    expect(await gateOf('by_late')).toMatchObject({ version: 2, explanation: { kind: 'asset' } });
  });

  it('is an outlet and an inlet', async () => {
    expect(await run('updating')).toMatchObject({ state: 'success', tasks: [{ result: 1 }] });
    expect(await sawOf('by_orders_ref', 2)).toHaveLength(2);
  });

  it('fails as an outlet that stands for nothing, before the code of its task runs', async () => {
    const { state, tasks } = await run('updating_nothing');
    expect(state).toBe('failed');
    expect(tasks[0]?.error).toMatch(
      /outlet assetRef\(\{ name: 'nowhere' \}\) \(.+\) stands for no active asset/,
    );
  });
});

describe('a selector', () => {
  it('stands for the assets there are', async () => {
    expect(await sawOf('by_any', 1)).toEqual([{ all: [one.name], late: 0 }]);
    await tidegate.post(two.uri);
    expect(await sawOf('by_any', 2)).toContainEqual({ all: [two.name], late: 0 });
    expect(await sawOf('by_group', 1)).toEqual([{ all: [one.name, two.name], late: 0 }]);
  });

  it('says that it selects nothing', async () => {
    expect(await gateOf('by_nothing')).toMatchObject({
      notes: ["select.group('nobody') selects no active asset."],
      explanation: { kind: 'any', of: [{ asset: { name: one.name } }] },
    });
  });

  it('follows a deploy that adds an asset, keeps what is queued, and is left alone where nothing changes', async () => {
    await tidegate.post(one.uri);
    await eventually(async () => Object.keys((await tidegate.gate('by_group')).gate.queued).length === 1);
    const before = await versionOf('by_group');
    await tidegate.deploy(project);
    expect(await versionOf('by_group')).toBe(before);
    await tidegate.deploy([knowing(one, two, three, orders), ...project.slice(1)]);
    expect(await versionOf('by_group')).toBe(before + 1);
    await tidegate.post(two.uri);
    await eventually(async () => Object.keys((await tidegate.gate('by_group')).gate.queued).length === 2);
    expect(await tidegate.runsOf('by_group')).toHaveLength(1);
    await tidegate.post(three.uri);
    expect(await sawOf('by_group', 2)).toContainEqual({ all: [one.name, two.name, three.name], late: 0 });
  });

  it('selects an asset that a task registers, whose first event it takes, but never what its own DAG updates', async () => {
    const before = await versionOf('by_fresh');
    expect(await run('registering', { name: 'another' })).toMatchObject({ state: 'success' });
    expect(await sawOf('by_fresh', 2)).toContainEqual({ all: ['another'], late: 0 });
    expect(await versionOf('by_fresh')).toBe(before + 1);
    expect(await run('looping')).toMatchObject({ state: 'success' });
    await tidegate.deps.dispatcher.idle();
    // What it registers came through its own alias.
    expect((await tidegate.runsOf('looping')).map(({ trigger }) => trigger)).toEqual(['manual']);
  });
});
