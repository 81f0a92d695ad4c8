import { z } from 'zod';
import { asset, dag, zip } from '../../sdk/index.ts';
import { parseDagId, parseTaskId } from '../../core/ids.ts';
import { mappedWorkflowId } from '../../core/workflow-names.ts';
import { cancelRun } from '../../temporal/control.ts';
import { planAttempt } from '../../store/attempts.ts';
import { whatFailed } from '../support/attempts.ts';
import { aLatch } from '../support/latch.ts';
import { fail, ok, type Runs, skip, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

const part = asset('s3://mapped/part');
const flaky = new Set<number>();
const held = aLatch();
const crowded = aLatch();
let underWay = 0;
let mostUnderWay = 0;

const dags = [
  dag('squares', { params: z.object({ count: z.number() }) }, (d) => {
    const list = d.task('list', async ({ params }) => Array.from({ length: params.count }, (_, n) => n));
    const squared = d.map('square', list, async ({ item }) => item * item);
    const shown = d.map('show', squared, { needs: { list } }, async ({ item, mapIndex, needs, log }) => {
      log.info('shown', { item });
      return `${mapIndex}/${needs.list.length}: ${item}`;
    });
    d.task('sum', { needs: { squared, shown } }, async ({ needs }) => ({
      sum: needs.squared.reduce((sum, one) => sum + one, 0),
      shown: needs.shown,
    }));
  }),
  dag('emits', {}, (d) => {
    const list = d.task('list', async () => ['de', 'fr']);
    d.map('load', list, { outlets: [part] }, async ({ item, emit }) => emit(part, { extra: { item } }));
  }),
  dag('some_fail', {}, (d) => {
    const list = d.task('list', async () => [0, 1, 2, 3]);
    const each = d.map(
      'each',
      list,
      { retries: { max: 1, initial: '10ms' } },
      async ({ item, ...context }) => {
        if (item === 0) return skip();
        if (item === 1) return fail();
        if (item === 2 && !flaky.has(item)) {
          flaky.add(item);
          throw new Error('only once');
        }
        return context.try;
      },
    );
    d.task('behind', { needs: [each] }, ok);
    d.task('done', { needs: { each }, triggerRule: 'all_done' }, async ({ needs }) => needs.each ?? []);
  }),
  dag('tolerant', {}, (d) => {
    const list = d.task('list', async () => [0, 1, 2, 3]);
    const run = async ({ item }: { readonly item: number }) => (item > 1 ? fail() : item);
    const each = d.map('each', list, { toleratedFailures: '50%' }, run);
    d.map('strict', list, { toleratedFailures: 1 }, run);
    d.task('behind', { needs: { each } }, async ({ needs }) => needs.each);
    d.map('again', each, async ({ item }) => item + 10);
  }),
  dag('no_items', {}, (d) => {
    const list = d.task('list', async (): Promise<readonly string[]> => []);
    const each = d.map('each', list, async ({ item }) => item);
    d.task('behind', { needs: [each] }, ok);
    d.task(
      'anyway',
      { needs: { each }, triggerRule: 'none_failed' },
      async ({ needs }) => needs.each ?? 'nothing',
    );
  }),
  dag('no_list', {}, (d) => {
    const list = d.task('list', async () => JSON.parse('{"rows": 1}') as readonly number[]);
    d.map('each', list, async ({ item }) => item);
  }),
  dag('too_many', {}, (d) => {
    const list = d.task('list', async () => Array.from({ length: 10_001 }, () => 0));
    d.map('each', list, async ({ item }) => item);
  }),
  dag('several', {}, (d) => {
    const country = d.task('countries', async () => ['de', 'fr']);
    const list = d.task('days', async () => [1, 2, 3]);
    const day = d.map('even', list, async ({ item }) => (item === 2 ? skip() : item * 10));
    d.map('all', { country, day }, async ({ item }) => `${item.country} ${item.day}`);
    d.map('pairs', zip({ country, day }), { needs: { list } }, async ({ item, needs }) => ({
      ...item,
      of: needs.list.length,
    }));
  }),
  dag('uneven', {}, (d) => {
    const file = d.task('files', async () => ['a', 'b', 'c']);
    const size = d.task('sizes', async () => [1, 2]);
    d.map('each', zip({ file, size }), ok);
  }),
  dag('too_many_pairs', {}, (d) => {
    const one = d.task('one', async () => Array.from({ length: 101 }, () => 0));
    const other = d.task('other', async () => Array.from({ length: 100 }, () => 0));
    d.map('each', { one, other }, ok);
  }),
  dag('narrow', { maxActiveTasks: 3 }, (d) => {
    const list = d.task('list', async () => Array.from({ length: 12 }, (_, n) => n));
    d.map('each', list, async () => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      // None goes on before there are three, so that as many as may be are under way.
      if (underWay === 3) crowded.open();
      await crowded.opened;
      await new Promise((resolve) => setTimeout(resolve, 50));
      underWay -= 1;
    });
  }),
  dag('many', {}, (d) => {
    const list = d.task('list', async () => Array.from({ length: 1_500 }, (_, n) => n));
    d.map('each', list, async ({ item }) => item);
  }),
  dag('stopped', {}, (d) => {
    const list = d.task('list', async () => [0, 1, 2]);
    d.map('each', list, async ({ signal }) => {
      held.open();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
  }),
];

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(() => runs.tidegate.stop());

describe('a mapped task', () => {
  it('runs once for each item, and hands on the list of what its instances returned', async () => {
    const { run, tasks } = await runs.runOf('squares', { count: 4 });
    expect(run).toMatchObject({ state: 'success', reason: null });
    const squares = tasks.filter(({ task_id }) => task_id === 'square');
    expect(squares.map(({ map_index, state, result }) => [map_index, state, result])).toEqual([
      [0, 'success', 0],
      [1, 'success', 1],
      [2, 'success', 4],
      [3, 'success', 9],
    ]);
    expect(tasks.find(({ task_id }) => task_id === 'sum')?.result).toEqual({
      sum: 14,
      shown: ['0/4: 0', '1/4: 1', '2/4: 4', '3/4: 9'],
    });
    const logged = await runs.tidegate.deps.db
      .selectFrom('task_log')
      .select(['map_index', 'fields'])
      .where('run_id', '=', run.run_id)
      .where('message', '=', 'shown')
      .orderBy('map_index')
      .execute();
    expect(logged).toEqual([0, 1, 4, 9].map((item, map_index) => ({ map_index, fields: { item } })));
  });

  it('over several lists runs for each combination, or for those at the same place', async () => {
    const { run, tasks } = await runs.runOf('several');
    expect(run).toMatchObject({ state: 'success' });
    const resultsOf = (id: string) =>
      tasks.filter(({ task_id }) => task_id === id).map(({ result }) => result);
    // What was skipped of another mapped task is no item.
    expect(resultsOf('all')).toEqual(['de 10', 'de 30', 'fr 10', 'fr 30']);
    expect(resultsOf('pairs')).toEqual([
      { country: 'de', day: 10, of: 3 },
      { country: 'fr', day: 30, of: 3 },
    ]);
  });

  it('records the events of each instance, which say of which one they are', async () => {
    const { run } = await runs.runOf('emits');
    const events = await runs.tidegate.deps.db
      .selectFrom('asset_event')
      .select(['source_task_id', 'source_map_index', 'extra'])
      .where('source_run_id', '=', run.run_id)
      .orderBy('source_map_index')
      .execute();
    expect(events).toEqual(
      ['de', 'fr'].map((item, index) => ({
        source_task_id: 'load',
        source_map_index: index,
        extra: { item },
      })),
    );
  });

  it('fails when an instance fails for good; each is tried, and skipped, by itself', async () => {
    const { run, tasks } = await runs.runOf('some_fail');
    const each = tasks.filter(({ task_id }) => task_id === 'each');
    expect(each.map(({ state, try: tries }) => [state, tries])).toEqual([
      ['skipped', 1],
      ['failed', 2],
      ['success', 2],
      ['success', 1],
    ]);
    expect(tasks.find(({ task_id }) => task_id === 'behind')).toMatchObject({ state: 'upstream_failed' });
    expect(tasks.find(({ task_id }) => task_id === 'done')).toMatchObject({ result: [2, 1] });
    expect(run).toMatchObject({ state: 'failed', reason: 'task each failed' });
  });

  it('may succeed in part, with what those returned that succeeded', async () => {
    const { run, tasks } = await runs.runOf('tolerant');
    expect(run).toMatchObject({ state: 'failed', reason: 'task strict failed' });
    expect(tasks.find(({ task_id }) => task_id === 'behind')).toMatchObject({ result: [0, 1] });
    expect(tasks.filter(({ task_id }) => task_id === 'again').map(({ result }) => result)).toEqual([10, 11]);
    const { dag_id: dagId, run_id: runId } = run;
    const retried = await planAttempt(runs.tidegate.deps.db, { dagId, runId, wish: whatFailed });
    expect(retried).toMatchObject({ again: ['strict'] });
  });

  it('is skipped when there are no items', async () => {
    const { run, states, tasks } = await runs.runOf('no_items');
    expect(run).toMatchObject({ state: 'success' });
    expect(states).toMatchObject({ each: 'skipped', behind: 'skipped', anyway: 'success' });
    expect(tasks.find(({ task_id }) => task_id === 'anyway')).toMatchObject({ result: 'nothing' });
  });

  it.each([
    ['no_list', 'task list returned object, and each is mapped over a list: return an array'],
    [
      'uneven',
      'task files returned 3 items and task sizes 2, of which each takes one each: return lists of the same length',
    ],
    [
      'too_many_pairs',
      'there are 10100 items (one returned 101, other returned 100), and each may have 10000 instances: return batches of them',
    ],
    ['too_many', 'task list returned 10001 items, and each may have 10000 instances: return batches of them'],
  ])('fails with the reason where it has no instances: %s', async (dagId, error) => {
    const { run, tasks } = await runs.runOf(dagId);
    expect(run).toMatchObject({ state: 'failed', reason: 'task each failed' });
    expect(tasks.find(({ task_id }) => task_id === 'each')).toMatchObject({
      ...{ state: 'failed', try: 0, map_index: -1, error },
    });
  });

  it('has no more instances under way than its run may have tasks', async () => {
    const { run, tasks } = await runs.runOf('narrow');
    expect(run).toMatchObject({ state: 'success' });
    expect(tasks.filter(({ state }) => state === 'success')).toHaveLength(13);
    expect(mostUnderWay).toBe(3);
  });

  it('stops with its run', async () => {
    const runId = await runs.tidegate.trigger('stopped');
    await held.opened;
    const [run] = await runs.tidegate.runsOf('stopped');
    if (run === undefined) throw new Error('no run');
    await cancelRun(runs.tidegate.deps, { dagId: run.dag_id, runId: run.run_id, attempt: 1 });
    expect(await runs.tidegate.closed('stopped', runId)).toMatchObject({
      state: 'failed',
      reason: 'cancelled',
    });
    const tasks = await runs.tidegate.tasksOf('stopped', runId);
    expect(tasks.filter(({ task_id }) => task_id === 'each').every(({ state }) => state === 'failed')).toBe(
      true,
    );
    await eventually(async () => (await runs.open()).length === 0);
  });

  it('may have thousands of instances, in a workflow that begins anew on the way', async () => {
    const runId = await runs.tidegate.trigger('many');
    const isClosed = async () => (await runs.open()).length === 0;
    await eventually(isClosed, 60_000);
    const { db, temporal } = runs.tidegate.deps;
    const tasks = db
      .selectFrom('task_run')
      .where('run_id', '=', runId)
      .where('task_id', '=', parseTaskId('each'));
    expect(
      await tasks
        .select((of) => of.fn.countAll().as('count'))
        .where('state', '=', 'success')
        .execute(),
    ).toEqual([{ count: 1_500 }]);
    const dagId = parseDagId('many');
    const id = mappedWorkflowId(dagId, runId, 1, parseTaskId('each'));
    const { events } = await temporal.client.workflow.getHandle(id).fetchHistory();
    expect(events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).not.toBe('');
  });
});
