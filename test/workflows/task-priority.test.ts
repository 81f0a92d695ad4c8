import { join } from 'node:path';
import { NativeConnection } from '@temporalio/worker';
import { Children } from '../../dev/children.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { parseDagId, parseRunId } from '../../core/ids.ts';
import { runWorkflowId } from '../../core/workflow-names.ts';
import { dag } from '../../sdk/index.ts';
import { createWorker } from '../../worker/create-worker.ts';
import { testServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

// Tasks wait on queues that nobody polls, until a worker comes that takes one at a time: then it is seen who goes first.

const ran: string[] = [];
const turns: string[] = [];
const levels = [5, 4, 3, 2, 1, undefined] as const;
const dags = [
  dag('levels', { taskQueue: 'levels' }, (d) => {
    for (const priority of levels)
      d.task(`level_${priority ?? 'none'}`, priority === undefined ? {} : { priority }, async () => {
        ran.push(`level_${priority ?? 'none'}`);
      });
  }),
  dag('crowd', { taskQueue: 'turns' }, (d) => {
    for (let number = 1; number <= 20; number += 1)
      d.task(`crowd_${number}`, { fairness: 'crowd' }, async () => void turns.push('crowd'));
  }),
  dag('others', { taskQueue: 'turns' }, (d) => {
    for (const number of [1, 2, 3])
      d.task(`few_${number}`, { fairness: 'few' }, async () => void turns.push('few'));
    for (const number of [1, 2, 3, 4, 5, 6])
      d.task(
        `double_${number}`,
        { fairness: { key: 'double', weight: 2 } },
        async () => void turns.push('double'),
      );
  }),
  dag(
    'defaults',
    { taskQueue: 'nowhere', defaults: { priority: 2, fairness: { key: 'team', weight: 3 } } },
    (d) => {
      d.task('as_all', async () => undefined);
      d.task('own', { priority: 4, fairness: 'other' }, async () => undefined);
      d.task('weightless', { fairness: 'team' }, async () => undefined);
    },
  ),
];

let folder: TemporaryFolder;
let children: Children;
let tidegate: Tidegate;
beforeAll(async () => {
  folder = await createTemporaryFolder();
  children = new Children(() => undefined);
  const { address } = await startTemporalServer({
    ...{
      binary: testServer('TIDEGATE_TEST_TEMPORAL_CLI'),
      port: { kind: 'any' },
      namespace: 'default',
      children,
    },
    logFile: join(folder.path, 'temporal.log'),
    dynamicConfig: {
      'matching.useNewMatcher': true,
      'matching.enableFairness': true,
      'matching.numTaskqueueReadPartitions': 1,
      'matching.numTaskqueueWritePartitions': 1,
    },
  });
  tidegate = await startTidegate(dags, { place: { address, namespace: 'default' } });
});
afterAll(async () => {
  await tidegate.stop();
  await children.stop();
  await folder.remove();
});

const scheduledIn = async (id: string, count: number) => {
  const dagId = parseDagId(id);
  const runId = await tidegate.trigger(id);
  const handle = tidegate.deps.temporal.client.workflow.getHandle(
    runWorkflowId(dagId, parseRunId(dagId, runId), 1),
  );
  return eventually(async () => {
    const { events } = await handle.fetchHistory().catch(() => ({ events: [] }));
    const scheduled = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
    return scheduled.length === count && scheduled;
  });
};

/** A worker that takes one task at a time from a queue, until all were run. */
const workThrough = async (taskQueue: string, isDone: () => boolean): Promise<void> => {
  const connection = await NativeConnection.connect({ address: tidegate.address });
  const worker = await createWorker({ deps: tidegate.deps, connection, taskQueue, maxConcurrentTasks: 1 });
  const running = worker.run();
  await eventually(async () => isDone());
  worker.shutdown();
  await running;
  await connection.close();
};

/** Activities as Temporal's protocol numbers what queues are for. */
const activityQueue = 2;

/** Waits until so many tasks wait in a queue, as the server has them. */
const waiting = (name: string, count: number) =>
  eventually(async () => {
    const { client, namespace } = tidegate.deps.temporal;
    const { stats } = await client.workflowService.describeTaskQueue({
      ...{ namespace, taskQueue: { name }, reportStats: true },
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- the enum is in a package that comes with the client
      taskQueueType: activityQueue,
    });
    return Number(stats?.approximateBacklogCount ?? 0) === count;
  });

describe('tasks that wait for a worker', () => {
  it('take turns by their fairness, however many of one there are', async () => {
    // One has much waiting before anybody else comes.
    await scheduledIn('crowd', 20);
    await waiting('turns', 20);
    await scheduledIn('others', 9);
    await waiting('turns', 29);
    await workThrough('turns', () => turns.length === 29);
    const count = (of: readonly string[], tenant: string) => of.filter((one) => one === tenant).length;
    // Three rounds of four turns; then nobody else has anything waiting.
    const rounds = turns.slice(0, 12);
    expect(['double', 'few', 'crowd'].map((tenant) => count(rounds, tenant))).toEqual([6, 3, 3]);
    expect(count(turns, 'crowd')).toBe(20);
  });

  it('go by their priority', async () => {
    await scheduledIn('levels', levels.length);
    await workThrough('levels', () => ran.length === levels.length);
    // Without one it is as with the one in the middle.
    expect(ran.filter((id) => id !== 'level_none')).toEqual([
      'level_1',
      'level_2',
      'level_3',
      'level_4',
      'level_5',
    ]);
    expect(ran.indexOf('level_none')).toBeGreaterThan(ran.indexOf('level_2'));
    expect(ran.indexOf('level_none')).toBeLessThan(ran.indexOf('level_4'));
  });

  it('have the priority and the turns of their DAG, unless they say their own', async () => {
    const scheduled = await scheduledIn('defaults', 3);
    const said = scheduled.map(({ activityId, priority }) => [
      ...[activityId, priority?.priorityKey, priority?.fairnessKey, priority?.fairnessWeight],
    ]);
    expect(said).toEqual([
      ['as_all', 2, 'team', 3],
      ['own', 4, 'other', 0],
      ['weightless', 2, 'team', 0],
    ]);
  });
});
