import { toDagGate } from '../../api/wire/gate.ts';
import { parseDagId } from '../../core/ids.ts';
import { alias, asset, dag, type DagDefinition, type DagOptions, select, any } from '../../sdk/index.ts';
import { readConsumer } from '../../store/gate.ts';
import { passTick } from '../../temporal/request-run.ts';
import { startTidegate, type Tidegate } from '../support/tidegate.ts';

const daily = asset('s3://templates/events/{{ ds }}', { group: 'events' });
const keyed = asset('s3://templates/keyed/{{ partition_key }}');
const byParam = asset('s3://templates/{{ params.region }}/{{ ts_nodash }}');
const files = alias('templated-files');
const first = 's3://templates/events/2026-01-01';

/** Its one task returns the assets its run consumed events of. */
const seeing = (id: string, schedule: NonNullable<DagOptions['schedule']>): DagDefinition =>
  dag(id, { schedule }, (d) => {
    d.task('see', async ({ events }) => ({
      all: (await events.all().toArray()).map(({ asset: { name } }) => name),
      daily: await events.of(daily).count(),
    }));
  });
const project = [
  dag('silent', {}, (d) => void d.task('load', { outlets: [daily] }, () => undefined)),
  dag('emitting', {}, (d) => {
    d.task('load', { outlets: [daily, keyed, files] }, async ({ emit, emitNow }) => {
      emit(daily, { extra: { n: 1 } });
      for (const partition of ['eu', 'us']) emit(keyed, { partition });
      await emitNow(keyed, { partition: 'now' });
      emit.via(files, daily);
    });
  }),
  dag('direct', {}, (d) => void d.task('load', { outlets: [asset(first)] }, () => undefined)),
  dag('whole', { outlets: [asset(first)] }, (d) => void d.task('load', () => undefined)),
  dag('aliased', {}, (d) => {
    d.task('load', { outlets: [files] }, ({ emit }) => emit.via(files, asset(first)));
  }),
  dag('by_param', {}, (d) => void d.task('load', { outlets: [byParam] }, () => undefined)),
  seeing('by_template', daily),
  seeing('by_instance', asset(first)),
  seeing('by_keyed', keyed),
  seeing('by_other_instance', asset('s3://templates/events/2030-01-01')),
  seeing('by_files', files),
  dag('selecting', { schedule: any(select.group('events')) }, (d) => {
    d.task('load', { outlets: [daily] }, () => undefined);
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
const tick = async (dagId: string, at: number) => {
  const before = (await tidegate.runsOf(dagId)).length;
  await passTick(tidegate.deps, parseDagId(dagId), at);
  const run = (await tidegate.runsClosed(dagId, before + 1)).at(-1);
  return { state: run?.state, tasks: await tidegate.tasksOf(dagId, run?.run_id ?? '') };
};
const eventsOf = (dagId: string) =>
  tidegate.deps.db
    .selectFrom('asset_event')
    .innerJoin('asset', 'asset.id', 'asset_id')
    .select(['asset.name', 'asset_event.partition_key', 'asset.group_name'])
    .where('source_dag_id', '=', parseDagId(dagId))
    .orderBy('seq')
    .execute();

describe('a templated outlet', () => {
  it('is an asset of its own in each run, which starts those who wait for the template or for that asset', async () => {
    expect(await tick('silent', Date.UTC(2026, 0, 1))).toMatchObject({ state: 'success' });
    expect(await eventsOf('silent')).toMatchObject([{ name: first, partition_key: null }]);
    expect(await sawOf('by_template', 1)).toEqual([{ all: [first], daily: 1 }]);
    expect(await sawOf('by_instance', 1)).toEqual([{ all: [first], daily: 1 }]);

    expect(await tick('silent', Date.UTC(2026, 0, 2))).toMatchObject({ state: 'success' });
    expect(await sawOf('by_template', 2)).toContainEqual({
      all: ['s3://templates/events/2026-01-02'],
      daily: 1,
    });
    expect(await tidegate.runsOf('by_instance')).toHaveLength(1);
    expect(await tidegate.runsOf('by_other_instance')).toEqual([]);
    // It selects the group of what it updates itself, which is left out.
    expect(await tidegate.runsOf('selecting')).toEqual([]);
  });

  it('may be emitted several times, by partition, at once, and through an alias', async () => {
    expect(await tick('emitting', Date.UTC(2026, 0, 3))).toMatchObject({
      state: 'success',
      tasks: [{ error: null }],
    });
    const day = 's3://templates/events/2026-01-03';
    expect(await eventsOf('emitting')).toEqual([
      { name: 's3://templates/keyed/now', partition_key: 'now', group_name: 'default' },
      { name: day, partition_key: null, group_name: 'events' },
      { name: 's3://templates/keyed/eu', partition_key: 'eu', group_name: 'default' },
      { name: 's3://templates/keyed/us', partition_key: 'us', group_name: 'default' },
      { name: day, partition_key: null, group_name: 'events' },
    ]);
    expect(await sawOf('by_template', 3)).toContainEqual({ all: [day, day], daily: 2 });
    expect(await sawOf('by_files', 1)).toEqual([{ all: [day], daily: 1 }]);
  });

  it('starts those who wait for the template by a direct update of an instance, too', async () => {
    expect(await tick('direct', Date.UTC(2026, 0, 4))).toMatchObject({ state: 'success' });
    expect(await sawOf('by_template', 4)).toContainEqual({ all: [first], daily: 1 });
    expect(await sawOf('by_instance', 2)).toHaveLength(2);
    for (const [index, dagId] of ['whole', 'aliased'].entries()) {
      expect(await tick(dagId, Date.UTC(2026, 0, 4))).toMatchObject({ state: 'success' });
      expect(await sawOf('by_template', 5 + index)).toHaveLength(5 + index);
    }
  });

  it.each([
    [
      'emitting',
      {},
      /"s3:\/\/templates\/events\/{{ ds }}" has no value for {{ ds }}: the run has no logical date/,
    ],
    ['by_param', {}, /has no value for {{ params\.region }}: the run was given no such parameter/],
    ['by_param', { region: 'a b' }, /has no value for {{ ts_nodash }}/],
  ])('of %s fails its task in a run by hand with %j', async (dagId, conf, message) => {
    const runId = await tidegate.trigger(dagId, conf);
    expect(await tidegate.closed(dagId, runId)).toMatchObject({ state: 'failed' });
    expect((await tidegate.tasksOf(dagId, runId))[0]?.error).toMatch(message);
  });
});

describe('the gate of who waits for a template', () => {
  it('shows it as one', async () => {
    const current = await readConsumer(tidegate.deps.db, parseDagId('by_keyed'));
    if (current === undefined) throw new Error('no consumer');
    expect(toDagGate(parseDagId('by_keyed'), current)).toMatchObject({
      explanation: { kind: 'template', template: { name: keyed.name } },
    });
  });
});
