import { WorkflowNotFoundError } from '@temporalio/client';
import type { OnMissing } from '../../core/deadline.ts';
import { type DagId, parseDagId } from '../../core/ids.ts';
import { asset, cron, dag, type DagDefinition, type DagOptions } from '../../sdk/index.ts';
import { findUntoldDeadlines, listDeadlines } from '../../store/deadlines.ts';
import { setPaused } from '../../temporal/control.ts';
import { noteDeadline } from '../../temporal/note-deadline.ts';
import { deadlineSignal } from '../../workflows/messages.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { stepViolations } from '../support/steps.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const pairOf = (name: string) =>
  [asset(`s3://deadline/${name}/a`), asset(`s3://deadline/${name}/b`)] as const;
const held: Latch = aLatch();

/** Its task returns what was missing and the events the run consumed; waits for both assets of its name. */
const telling = (
  id: string,
  onMissing: OnMissing | null,
  options: DagOptions<undefined> = {},
): DagDefinition =>
  dag(
    id,
    {
      schedule: pairOf(id),
      ...(onMissing === null
        ? {}
        : { deadline: { cron: '0 0 1 1 *', timezone: 'Europe/Berlin', onMissing } }),
      ...options,
    },
    (build) => {
      build.task('tell', async ({ run, events }) => {
        if (id === 'capped' && run.trigger === 'manual') await held.opened;
        return { missing: run.missing, events: (await events.all().toArray()).map(({ seq }) => seq) };
      });
    },
  );

const dags = [
  telling('runs', 'run'),
  telling('skips', 'skip'),
  telling('alerts', 'alert'),
  telling('lost', 'run'),
  telling('capped', 'run', { maxActiveRuns: 1 }),
  telling('edited', 'run'),
  telling('scheduled', 'run'),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const idOf = (dagId: string): DagId => parseDagId(dagId);
/** Just now, as a schedule comes just behind its time. */
const note = async (dagId: string, dueAt = Date.now()): Promise<number> => {
  await noteDeadline(tidegate.deps, idOf(dagId), dueAt);
  return dueAt;
};
const runIdOf = (dueAt: number): string => `deadline__${new Date(dueAt).toISOString()}`;
const decided = async (dagId: string, count: number) => {
  const list = () => listDeadlines(tidegate.deps.db, idOf(dagId), { limit: 100, offset: 0 });
  await eventually(async () => (await list()).filter(({ outcome }) => outcome !== null).length >= count);
  return (await list()).toReversed();
};
const toldBy = async (dagId: string, runId: string) => {
  await tidegate.closed(dagId, runId);
  return (await tidegate.tasksOf(dagId, runId))[0]?.result;
};
const outcomesOf = async (dagId: string): Promise<readonly string[]> =>
  (
    await tidegate.deps.db
      .selectFrom('consumption')
      .select(['outcome', 'count', 'who'])
      .where('dag_id', '=', idOf(dagId))
      .orderBy('after_seq')
      .execute()
  ).map(({ outcome, count, who }) => `${outcome} ${count} ${who ?? ''}`.trim());
const [a, b] = [(name: string) => pairOf(name)[0].uri, (name: string) => pairOf(name)[1].uri];

describe('a DAG with a deadline', () => {
  it('runs with what is there, lists what is missing, and does so once however often it is told', async () => {
    const posted = await tidegate.post(a('runs'));
    const dueAt = await note('runs');
    await note('runs', dueAt);
    expect(await toldBy('runs', runIdOf(dueAt))).toEqual({
      missing: ['s3://deadline/runs/b'],
      events: posted,
    });
    await note('runs', dueAt);
    await tidegate.consumer('runs').signal(deadlineSignal, dueAt);
    expect(await decided('runs', 1)).toMatchObject([{ outcome: 'run', run_id: runIdOf(dueAt) }]);
    // Nothing at all is there now.
    const next = await note('runs');
    expect(await toldBy('runs', runIdOf(next))).toEqual({
      missing: ['s3://deadline/runs/a', 's3://deadline/runs/b'],
      events: [],
    });
    expect(await tidegate.runsOf('runs')).toHaveLength(2);
    const both = await tidegate.post(a('runs'), b('runs'));
    const [, , byEvents] = await tidegate.runsClosed('runs', 3);
    expect(byEvents).toMatchObject({ trigger: 'asset' });
    await note('runs');
    expect(await decided('runs', 3)).toMatchObject([{}, {}, { outcome: 'met' }]);
    expect(await tidegate.runsOf('runs')).toHaveLength(3);
    expect(await toldBy('runs', byEvents?.run_id ?? '')).toEqual({ missing: [], events: both });
  });

  it('lets what is queued expire by it where it skips, and keeps it where it only alerts', async () => {
    for (const id of ['skips', 'alerts']) {
      await tidegate.post(a(id));
      await note(id);
      expect(await decided(id, 1)).toMatchObject([{ missing: [`s3://deadline/${id}/b`], run_id: null }]);
    }
    const [{ due_at } = {}] = await decided('skips', 1);
    expect(await outcomesOf('skips')).toEqual([`expired 1 deadline of ${due_at?.toISOString()}`]);
    expect(await outcomesOf('alerts')).toEqual([]);
    await tidegate.post(b('alerts'), b('skips'));
    await tidegate.runsClosed('alerts', 1);
    expect(await outcomesOf('alerts')).toEqual(['consumed 1', 'consumed 1']);
    expect(await tidegate.runsOf('skips')).toEqual([]);
    await setPaused(tidegate.deps, idOf('skips'), true);
    await note('skips');
    expect(await decided('skips', 2)).toMatchObject([{ outcome: 'skip' }, { outcome: 'paused' }]);
    expect((await tidegate.gate('skips')).gate.queued).not.toEqual({});
  });

  it('decides by what had been recorded until then, though its consumer was lost meanwhile and more has come since', async () => {
    await eventually(async () => (await tidegate.consumer('lost').describe()).status.name === 'RUNNING');
    await tidegate.consumer('lost').terminate();
    const before = await tidegate.post(a('lost'));
    const dueAt = Date.now();
    while (Date.now() <= dueAt + 20) await new Promise((resolve) => void setTimeout(resolve, 5));
    // As if its schedule had come while nobody could be told; `post` may have begun a new life already.
    await tidegate.deps.db
      .insertInto('deadline')
      .values({ dag_id: idOf('lost'), due_at: new Date(dueAt), run_id: null, missing: '[]' })
      .execute();
    await tidegate
      .consumer('lost')
      .terminate()
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
    await tidegate.postSilently(b('lost'), a('lost'));
    expect(await findUntoldDeadlines(tidegate.deps.db, 3_600_000)).toEqual([]);
    const untold = await findUntoldDeadlines(tidegate.deps.db, 0);
    expect(untold).toEqual([{ dagId: 'lost', dueAt }]);
    await noteDeadline(tidegate.deps, idOf('lost'), dueAt);
    expect(await toldBy('lost', runIdOf(dueAt))).toEqual({
      missing: ['s3://deadline/lost/b'],
      events: before,
    });
    const runs = await tidegate.runsClosed('lost', 2);
    expect(runs.map(({ trigger }) => trigger)).toEqual(['scheduled', 'asset']);
  });

  it('waits for a slot at the cap of runs, and a later one stands for those before it', async () => {
    await tidegate.trigger('capped');
    const posted = await tidegate.post(a('capped'));
    const first = await note('capped');
    await eventually(async () => (await tidegate.gate('capped')).gate.deadlines?.due.length === 1);
    const second = await note('capped');
    await eventually(async () => (await tidegate.gate('capped')).gate.deadlines?.due.length === 2);
    expect(await decided('capped', 0)).toMatchObject([{ outcome: null }, { outcome: null }]);
    held.open();
    expect(await toldBy('capped', runIdOf(second))).toMatchObject({ events: posted });
    expect(await decided('capped', 2)).toMatchObject([
      { outcome: 'passed', run_id: null },
      { outcome: 'run', run_id: runIdOf(second) },
    ]);
    expect(first).toBeLessThan(second);
  });

  it('has none any more once it is edited so, and takes no word for one that never came', async () => {
    await tidegate.consumer('edited').signal(deadlineSignal, Date.now() - 60_000);
    await tidegate.consumer('edited').signal('deadline', 'soon');
    const bare = telling('edited', null);
    await tidegate.deps.db
      .insertInto('deadline')
      .values({ dag_id: idOf('edited'), due_at: new Date(), run_id: null, missing: '[]' })
      .execute();
    await tidegate.deploy(dags.map((one) => (one.id === 'edited' ? bare : one)));
    await note('edited');
    const [{ dueAt } = { dueAt: 0 }] = await findUntoldDeadlines(tidegate.deps.db, 0);
    await tidegate.consumer('edited').signal(deadlineSignal, dueAt);
    expect(await decided('edited', 1)).toMatchObject([{ outcome: 'removed' }]);
    expect(await tidegate.runsOf('edited')).toEqual([]);
    await tidegate.post(a('edited'), b('edited'));
    await tidegate.runsClosed('edited', 1);
  });

  it('leaves none undecided when it is removed', async () => {
    const gone = telling('gone', 'run', { maxActiveRuns: 1 });
    await tidegate.deploy([...dags, gone]);
    await eventually(async () => (await tidegate.gate('gone')).maxActiveRuns === 1);
    await tidegate.deps.db
      .insertInto('deadline')
      .values({ dag_id: idOf('gone'), due_at: new Date(), run_id: null, missing: '[]' })
      .execute();
    await tidegate.deploy(dags);
    expect(await decided('gone', 1)).toMatchObject([{ outcome: 'removed' }]);
    await tidegate.deploy([...dags, gone]);
    await tidegate.post(a('gone'), b('gone'));
    await tidegate.runsClosed('gone', 1);
    expect(await tidegate.runsOf('gone')).toHaveLength(1);
  });

  it('is told of it by a Temporal Schedule, which goes with it', async () => {
    const handle = tidegate.deps.temporal.client.schedule.getHandle('deadline/scheduled');
    expect((await handle.describe()).spec).toMatchObject({ timezone: 'Europe/Berlin' });
    await handle.trigger();
    const [run] = await tidegate.runsClosed('scheduled', 1);
    expect(run).toMatchObject({ trigger: 'scheduled', state: 'success' });
    expect(run?.run_id).toMatch(/^deadline__/);
    await tidegate.deploy(
      dags.map((one) =>
        one.id === 'scheduled' ? telling('scheduled', null, { schedule: cron('@yearly') }) : one,
      ),
    );
    await expect(handle.describe()).rejects.toThrow('not found');
  });

  it('keeps steps that follow from the log and from what reached its consumer', async () => {
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });
});
