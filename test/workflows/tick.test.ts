import { parseDagId, runIdOfTick } from '../../core/ids.ts';
import { asset, cron, dag, type DagDefinition } from '../../sdk/index.ts';
import { setPaused } from '../../temporal/control.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const made = asset('s3://tick/made');
const yearly = (id: string): DagDefinition =>
  dag(id, { schedule: cron('0 0 1 1 *') }, (d) => {
    d.task('work', { outlets: [made] }, async ({ run }) => [
      run.trigger,
      run.logicalAt,
      run.dataIntervalEndAt,
    ]);
  });
const dags = [
  yearly('yearly'),
  yearly('paused'),
  dag('after', { schedule: made }, (d) => void d.task('work', async () => undefined)),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const scheduleOf = (id: string) => tidegate.deps.temporal.client.schedule.getHandle(`tick/${id}`);

describe('the schedule of a DAG', () => {
  it('requests a run through the same door, named by its nominal time', async () => {
    await scheduleOf('yearly').trigger();
    const [run] = await tidegate.runsClosed('yearly', 1);
    expect(run).toMatchObject({ state: 'success', trigger: 'scheduled' });
    const nominalAt = run?.logical_at?.getTime() ?? Number.NaN;
    expect(run?.run_id).toBe(runIdOfTick(nominalAt));
    expect(Math.abs(Date.now() - nominalAt)).toBeLessThan(60_000);
    const [task] = await tidegate.tasksOf('yearly', run?.run_id ?? '');
    expect(task?.result).toEqual(['scheduled', nominalAt, nominalAt]);
    expect(await tidegate.runsClosed('after', 1)).toMatchObject([{ trigger: 'asset' }]);
  });

  it('makes one run of a nominal time, however often it ticks', async () => {
    const backfill = {
      start: new Date('2019-12-31T00:00:00Z'),
      end: new Date('2020-01-02T00:00:00Z'),
      overlap: 'ALLOW_ALL',
    } as const;
    await scheduleOf('yearly').backfill(backfill);
    const nominal = 'scheduled__2020-01-01T00:00:00.000Z';
    expect(await tidegate.closed('yearly', nominal)).toMatchObject({
      logical_at: new Date('2020-01-01T00:00:00Z'),
    });
    const ticks = async () => {
      const { info } = await scheduleOf('yearly').describe();
      return info.numActionsTaken;
    };
    // While the first tick is under way Temporal starts no other of its time.
    const tick = tidegate.deps.temporal.client.workflow.getHandle('tick/yearly-2020-01-01T00:00:00Z');
    await tick.result();
    const before = await ticks();
    await scheduleOf('yearly').backfill(backfill);
    await eventually(async () => (await ticks()) > before);
    await eventually(async () => {
      const { info } = await scheduleOf('yearly').describe();
      return info.runningActions.length === 0;
    });
    const runs = await tidegate.runsOf('yearly');
    expect(runs.filter(({ run_id }) => run_id === nominal)).toHaveLength(1);
    expect(await tidegate.tasksOf('yearly', nominal)).toMatchObject([{ try: 1, state: 'success' }]);
  });

  it('is paused and resumed with the DAG', async () => {
    const dagId = parseDagId('paused');
    await setPaused(tidegate.deps, dagId, true);
    expect((await scheduleOf('paused').describe()).state.paused).toBe(true);
    await setPaused(tidegate.deps, dagId, false);
    expect((await scheduleOf('paused').describe()).state.paused).toBe(false);
  });

  it('stays paused when its DAG is edited, and is gone with its DAG', async () => {
    await setPaused(tidegate.deps, parseDagId('paused'), true);
    const daily = dag('paused', { schedule: cron('0 3 * * *', { timezone: 'Europe/Berlin' }) }, (d) => {
      d.task('work', async () => undefined);
    });
    await tidegate.deploy(dags.map((one) => (one.id === 'paused' ? daily : one)));
    const { spec, state } = await scheduleOf('paused').describe();
    expect(state.paused).toBe(true);
    expect(spec).toMatchObject({ timezone: 'Europe/Berlin' });
    await tidegate.deploy(dags.filter(({ id }) => id !== 'paused'));
    await expect(scheduleOf('paused').describe()).rejects.toThrow('not found');
    await tidegate.deploy(dags);
    expect((await scheduleOf('paused').describe()).state.paused).toBe(true);
  });
});
