import { parseDagId } from '../../core/ids.ts';
import { asset, assetAndTime, cron, dag, type DagDefinition, type DagOptions } from '../../sdk/index.ts';
import { passTick } from '../../temporal/request-run.ts';
import { setPaused } from '../../temporal/control.ts';
import { readConsumer } from '../../store/gate.ts';
import { explainConsumer } from '../../core/explanation.ts';
import { findWaitingRequests } from '../../store/sweep.ts';
import { stepViolations } from '../support/steps.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const [a, b] = [asset('s3://ticks/a'), asset('s3://ticks/b')];
const [c, d] = [asset('s3://ticks/c'), asset('s3://ticks/d')];
const [e, f, g] = [asset('s3://ticks/e'), asset('s3://ticks/f'), asset('s3://ticks/g')];
const never = cron('0 0 1 1 *');

/** Its task returns the ticks of the run and the events it consumed. */
const telling = (id: string, schedule: DagOptions['schedule']): DagDefinition =>
  dag(id, { schedule: schedule ?? null }, (build) => {
    build.task('tell', async ({ run, events }) => ({
      ticks: run.ticks,
      interval: [run.dataIntervalStartAt, run.dataIntervalEndAt],
      events: (await events.all().toArray()).map(({ seq }) => seq),
    }));
  });

const dags = [
  telling('both', assetAndTime(never, [a, b])),
  telling('lost', assetAndTime(never, [c, d])),
  telling('edited', assetAndTime(never, [e, f])),
  telling('scheduled', assetAndTime(never, g)),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const hour = 3_600_000;
const six = Date.UTC(2026, 0, 1, 6);
const tick = (dagId: string, at: number): Promise<void> => passTick(tidegate.deps, parseDagId(dagId), at);
const toldBy = async (dagId: string, runId: string) => (await tidegate.tasksOf(dagId, runId))[0]?.result;
const sentenceOf = async (dagId: string): Promise<string> => {
  const current = await readConsumer(tidegate.deps.db, parseDagId(dagId));
  return current === undefined ? '' : explainConsumer(current.consumer, current.definition).sentence;
};
const owed = async (dagId: string) => (await tidegate.gate(dagId)).owed ?? null;

describe('a DAG by assets and time', () => {
  it('owes its ticks until all is there, folds them, and runs by hand neither wait nor consume', async () => {
    await tick('both', six);
    await eventually(async () => (await owed('both'))?.count === 1);
    await tick('both', six + 2 * hour);
    await tick('both', six + hour);
    await tick('both', six);
    await eventually(async () => (await owed('both'))?.count === 3);
    expect(await tidegate.runsOf('both')).toMatchObject([
      { run_id: 'scheduled__2026-01-01T06:00:00.000Z', state: 'queued' },
    ]);
    const byHand = await tidegate.trigger('both');
    expect(await tidegate.closed('both', byHand)).toMatchObject({ state: 'success' });
    expect(await toldBy('both', byHand)).toEqual({ ticks: [], interval: [null, null], events: [] });

    const first = await tidegate.post(a.uri);
    expect(await sentenceOf('both')).toBe(
      '3 ticks from 2026-01-01T06:00:00.000Z to 2026-01-01T08:00:00.000Z are owed and wait for s3://ticks/b; 1 of 2 assets updated.',
    );
    const second = await tidegate.post(b.uri);
    const runId = 'scheduled__2026-01-01T06:00:00.000Z';
    expect(await tidegate.closed('both', runId)).toMatchObject({ state: 'success', trigger: 'scheduled' });
    expect(await toldBy('both', runId)).toEqual({
      ticks: [six, six + hour, six + 2 * hour],
      interval: [six - 6 * hour, six + 2 * hour],
      events: [...first, ...second],
    });
    expect(await owed('both')).toBeNull();
    // The same ticks again, after all of it.
    await tick('both', six + hour);
    expect(await tidegate.runsOf('both')).toHaveLength(2);
  });

  it('starts nothing by events alone, and runs at the next tick with all of them', async () => {
    const posted = await tidegate.post(a.uri, b.uri, b.uri);
    await eventually(async () => Object.keys((await tidegate.gate('both')).gate.queued).length === 2);
    expect(await tidegate.runsOf('both')).toHaveLength(2);
    expect(await sentenceOf('both')).toBe('All it needs has arrived; a run starts at the next tick.');
    await tick('both', six + 24 * hour);
    const runId = 'scheduled__2026-01-02T06:00:00.000Z';
    await tidegate.closed('both', runId);
    expect(await toldBy('both', runId)).toMatchObject({ ticks: [six + 24 * hour], events: posted });
  });

  it('knows what it owes though its workflow is terminated, and is not told again and again by sweeps', async () => {
    await tick('lost', six);
    await eventually(async () => (await owed('lost'))?.count === 1);
    await tidegate.consumer('lost').terminate();
    await tick('lost', six + hour);
    const posted = await tidegate.post(c.uri);
    await eventually(async () => (await owed('lost'))?.count === 2);
    expect(await findWaitingRequests(tidegate.deps.db, 0)).toEqual([]);
    await setPaused(tidegate.deps, parseDagId('lost'), true);
    const more = await tidegate.post(d.uri);
    await setPaused(tidegate.deps, parseDagId('lost'), false);
    const [run] = await tidegate.runsClosed('lost', 1);
    expect(await toldBy('lost', run?.run_id ?? '')).toMatchObject({
      ticks: [six, six + hour],
      events: [...posted, ...more],
    });
  });

  it('lets its owed tick in once an edit makes it a schedule by time alone', async () => {
    await tick('edited', six);
    await eventually(async () => (await owed('edited'))?.count === 1);
    await tidegate.deploy(dags.map((one) => (one.id === 'edited' ? telling('edited', never) : one)));
    const [run] = await tidegate.runsClosed('edited', 1);
    expect(await toldBy('edited', run?.run_id ?? '')).toMatchObject({ ticks: [six], events: [] });
    await tidegate.deploy(dags);
    await tick('edited', six + hour);
    await eventually(async () => (await owed('edited'))?.count === 1);
  });

  it('is told of its ticks by a Temporal Schedule', async () => {
    const posted = await tidegate.post(g.uri);
    await tidegate.deps.temporal.client.schedule.getHandle('tick/scheduled').trigger();
    const [run] = await tidegate.runsClosed('scheduled', 1);
    expect(await toldBy('scheduled', run?.run_id ?? '')).toMatchObject({ events: posted });
  });

  it('keeps steps that follow from the log and from what reached its consumer', async () => {
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });
});
