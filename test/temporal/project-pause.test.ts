import { parseDagId } from '../../core/ids.ts';
import { asset, cron, dag, type DagDefinition } from '../../sdk/index.ts';
import { readProjectPause, wishProjectPaused } from '../../store/project-pause.ts';
import { setPaused } from '../../temporal/control.ts';
import { setProjectPaused } from '../../temporal/project-pause.ts';
import { sweep } from '../../temporal/sweep.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const made = asset('s3://pausing/made');
const ok = async (): Promise<void> => undefined;
const waits = (id: string, rest: object = {}): DagDefinition =>
  dag(id, { schedule: made, ...rest }, (d) => void d.task('work', ok));
const dags = [
  waits('busy'),
  waits('asleep'),
  dag('timed', { schedule: cron('0 0 1 1 *') }, (d) => void d.task('work', ok)),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const pausedOf = async (): Promise<Record<string, string | boolean>> => {
  const rows = await tidegate.deps.db
    .selectFrom('consumer')
    .select(['dag_id', 'is_paused', 'paused_by'])
    .execute();
  return Object.fromEntries(
    rows.map(({ dag_id, is_paused, paused_by }) => [dag_id, is_paused && (paused_by ?? 'nobody')]),
  );
};
const pauseAll = (isPaused: boolean) => setProjectPaused(tidegate.deps, isPaused, 'alice');
const isScheduleHeld = async (): Promise<boolean> => {
  const { schedule } = tidegate.deps.temporal.client;
  return (await schedule.getHandle('tick/timed').describe()).state.paused;
};

describe('a paused project', () => {
  it('starts nothing, says who paused it and when, and resumes only what was not paused by itself', async () => {
    await setPaused(tidegate.deps, parseDagId('asleep'), true);
    const pause = await pauseAll(true);
    expect(pause).toMatchObject({
      isPaused: true,
      changedBy: 'alice',
      dagsPausedThemselves: 1,
      dagsToTell: 0,
    });
    expect(pause.changedAt?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await pausedOf()).toEqual({ busy: 'project', asleep: 'dag', timed: 'project' });
    expect(await isScheduleHeld()).toBe(true);
    await tidegate.post(made.uri);
    expect((await tidegate.gate('busy')).isPaused).toBe(true);

    await pauseAll(false);
    expect(await pausedOf()).toEqual({ busy: false, asleep: 'dag', timed: false });
    expect(await isScheduleHeld()).toBe(false);
    expect(await tidegate.runsClosed('busy', 1)).toHaveLength(1);
    expect(await tidegate.runsOf('asleep')).toEqual([]);
    await setPaused(tidegate.deps, parseDagId('asleep'), false);
  });

  it('is not left by one DAG alone, and a DAG that is paused by itself meanwhile stays so', async () => {
    await pauseAll(true);
    await expect(setPaused(tidegate.deps, parseDagId('busy'), false)).rejects.toMatchObject({
      code: 'project_paused',
      message: expect.stringContaining('by alice, since'),
    });
    await setPaused(tidegate.deps, parseDagId('busy'), true);
    await pauseAll(false);
    expect(await pausedOf()).toMatchObject({ busy: 'dag', asleep: false });
    await setPaused(tidegate.deps, parseDagId('busy'), false);
  });

  it('keeps who paused it when somebody else asks for the same', async () => {
    await pauseAll(true);
    const again = await setProjectPaused(tidegate.deps, true, 'bob');
    expect(again.changedBy).toBe('alice');
    await pauseAll(false);
  });

  it('pauses what is deployed meanwhile, from its first moment, and what it ignores is ignored from there', async () => {
    await pauseAll(true);
    await tidegate.deploy([...dags, waits('later'), waits('deaf', { whilePaused: 'ignore' })]);
    expect(await pausedOf()).toMatchObject({ later: 'project', deaf: 'project' });
    await tidegate.post(made.uri);
    await eventually(async () => Object.keys((await tidegate.gate('later')).gate.queued).length === 1);
    expect(await tidegate.runsOf('later')).toEqual([]);
    await pauseAll(false);
    await tidegate.runsClosed('later', 1);
    expect(await pausedOf()).toMatchObject({ later: false, deaf: false });
    expect(await tidegate.runsOf('deaf')).toEqual([]);
    await tidegate.post(made.uri);
    expect(await tidegate.runsClosed('deaf', 1)).toHaveLength(1);
  });

  it('holds a DAG that was removed before and comes back', async () => {
    await tidegate.deploy(dags);
    await pauseAll(true);
    await tidegate.deploy([...dags, waits('later')]);
    expect((await tidegate.gate('later')).isPaused).toBe(true);
    await pauseAll(false);
    expect((await tidegate.gate('later')).isPaused).toBe(false);
  });

  it.each([true, false])(
    'that was cut off before its DAGs heard of it is completed by a sweep: %s',
    async (isPaused) => {
      await wishProjectPaused(tidegate.deps.db, isPaused, 'carol');
      expect((await readProjectPause(tidegate.deps.db)).dagsToTell).toBeGreaterThan(1);
      await sweep(tidegate.deps, { isFull: true });
      expect(await readProjectPause(tidegate.deps.db)).toMatchObject({
        isPaused,
        changedBy: 'carol',
        dagsToTell: 0,
      });
      expect((await tidegate.gate('busy')).isPaused).toBe(isPaused);
    },
  );

  it('follows what was wished last when pausing and resuming overlap', async () => {
    await Promise.all([pauseAll(true), pauseAll(false), pauseAll(true), pauseAll(false)]);
    const { isPaused } = await readProjectPause(tidegate.deps.db);
    const states = Object.values(await pausedOf());
    expect(states.filter((state) => state !== (isPaused && 'project'))).toEqual([]);
    await pauseAll(false);
  });
});
