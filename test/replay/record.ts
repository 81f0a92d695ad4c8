import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { Children } from '../../dev/children.ts';
import { startPostgres } from '../../dev/embedded-postgres.ts';
import { createProgress } from '../../dev/progress.ts';
import { findTemporalBinary } from '../../dev/temporal-binary.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import {
  all,
  any,
  asset,
  assetAndTime,
  assetOrTime,
  cron,
  dag,
  type DagOptions,
  NonRetryable,
  on,
  zip,
} from '../../sdk/index.ts';
import { listDeadlines } from '../../store/deadlines.ts';
import { cancelRun, clearQueue, setPaused } from '../../temporal/control.ts';
import { markTask } from '../../temporal/mark-task.ts';
import { noteDeadline } from '../../temporal/note-deadline.ts';
import { passTick } from '../../temporal/request-run.ts';
import { attemptClosed, runAgain, whatFailed } from '../support/attempts.ts';
import { historiesFolder, historyText, recordedHistories } from '../support/histories.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

// `npm run record:history`: plays each scenario on servers of its own and keeps the histories that are new. What was
// recorded once is what some release ran, and stays as it is: a scenario that changed gets a new name.

/** Low, so that a workflow continues as new while its history is small. */
const historyLimits = { 'limit.historyCount.suggestContinueAsNew': 120 };

const [a, b, c] = [asset('s3://lake/a'), asset('s3://lake/b'), asset('s3://lake/c')];
/** Only the consumer that is kept busy waits for these. */
const [busy1, busy2] = [asset('s3://lake/busy/1'), asset('s3://lake/busy/2')];
/** Each for one consumer that looks into events, or for whom time passes. */
const [timed1, timed2] = [asset('s3://lake/timed/1'), asset('s3://lake/timed/2')];
const [settled1, settled2] = [asset('s3://lake/settled/1'), asset('s3://lake/settled/2')];
const [keyed1, keyed2] = [asset('s3://lake/keyed/1'), asset('s3://lake/keyed/2')];
const [owed1, owed2] = [asset('s3://lake/owed/1'), asset('s3://lake/owed/2')];
const [due1, due2] = [asset('s3://lake/due/1'), asset('s3://lake/due/2')];
const [again1, again2] = [asset('s3://lake/again/1'), asset('s3://lake/again/2')];
const [flown1, flown2, flown3] = [1, 2, 3].map((nth) => asset(`s3://lake/flown/${nth}`)) as [
  ReturnType<typeof asset>,
  ReturnType<typeof asset>,
  ReturnType<typeof asset>,
];
const [filtered, parts] = [asset('s3://lake/filtered'), asset('s3://lake/parts')];
const held: Record<string, Latch> = {};
const latch = (id: string): Latch => (held[id] ??= aLatch());
const noop = async (): Promise<void> => undefined;
const waiting = (id: string, options: DagOptions<undefined>) =>
  dag(id, options, (d) => void d.task('work', () => held[id]?.opened ?? undefined));

const pools = [
  { name: 'narrow', slots: 1 },
  { name: 'runs', slots: 1 },
];
const dags = [
  waiting('and', { schedule: all(a, b) }),
  waiting('any', { schedule: any(a, b) }),
  waiting('nested', { schedule: all(a, any(b, c)) }),
  waiting('back_pressure', { schedule: a, maxActiveRuns: 1 }),
  waiting('pause', { schedule: any(a, b) }),
  waiting('long', { schedule: all(busy1, busy2), maxActiveRuns: 2 }),
  waiting('edit', { schedule: all(a, b) }),
  waiting('timed', { schedule: [timed1, timed2], within: '1s', settle: { quiet: '300ms', max: '2s' } }),
  waiting('keyed', { schedule: [keyed1, keyed2], partitioned: true }),
  waiting('settled', { schedule: [settled1, settled2], partitioned: true, settle: { quiet: '400ms' } }),
  waiting('filtered', { schedule: on(filtered, { where: { 'extra.rows': { gt: 1 } } }) }),
  waiting('owed', { schedule: assetAndTime({ cron: '0 0 1 1 *' }, [owed1, owed2]) }),
  waiting('due', {
    schedule: [due1, due2],
    maxActiveRuns: 1,
    deadline: { cron: '0 0 1 1 *', onMissing: 'run' },
  }),
  waiting('parts', { schedule: parts, batch: 'each', maxActiveRuns: 2 }),
  waiting('flight_queue', { schedule: flown1, singleFlight: { policy: 'queue' }, maxActiveRuns: 2 }),
  waiting('flight_keyed', {
    schedule: flown2,
    partitioned: true,
    singleFlight: { key: '{{ partition_key }}', policy: 'skip' },
  }),
  dag(
    'flight_cancel',
    { schedule: flown3, singleFlight: { policy: 'cancel_running' }, maxActiveRuns: 1 },
    (d) => {
      d.task('work', async ({ run, signal }) => {
        if (run.conf['last'] !== true) await delay(60_000, undefined, { signal });
      });
    },
  ),
  dag('success', {}, (d) => {
    const rows = d.task('rows', async () => [1, 2, 3]);
    const skipped = d.task('skipped', ({ skip }) => skip('nothing to do'));
    d.task(
      'sum',
      { needs: { rows }, outlets: [asset('s3://lake/sum')] },
      async ({ needs }) => needs.rows.length,
    );
    d.task('after', { needs: [skipped] }, noop);
  }),
  dag('limited', { maxActiveTasks: 1, runTimeout: '600ms' }, (d) => {
    d.task('first', noop);
    d.task('wait', async ({ signal }) => delay(60_000, undefined, { signal }));
  }),
  dag('shapes', {}, (d) => {
    const cluster = d.task('cluster', async () => '2026-01-01T00:00:00Z');
    const stops = d.shortCircuit('stops', { needs: [cluster] }, async () => false);
    d.task('left_out', { needs: [stops] }, noop);
    const choose = d.branch('choose', { needs: [cluster] }, async () => 'left');
    const left = d.wait('left', { needs: [choose], for: '200ms' });
    const right = d.task('right', { needs: [choose] }, noop);
    const until = d.wait('until', { until: cluster });
    const asks = d.waitFor('asks', { every: '1s' }, async ({ try: number }) => number > 1);
    d.task('down', { needs: [left, right, until, asks], teardownOf: cluster }, noop);
  }),
  dag('mapped', {}, (d) => {
    const list = d.task('list', async () => Array.from({ length: 60 }, (_, item) => item));
    const each = d.map('each', list, async ({ item }) => {
      if (item === 7) throw new Error('it broke');
    });
    const none = d.task('none', async (): Promise<readonly string[]> => []);
    d.map('nothing', none, noop);
    const no = d.task('no_list', async () => JSON.parse('{}') as readonly string[]);
    d.map('fails', no, noop);
    d.task('behind', { needs: [each], triggerRule: 'all_done' }, noop);
  }),
  dag('mapped_long', { maxActiveTasks: 4 }, (d) => {
    const list = d.task('list', async () => Array.from({ length: 60 }, (_, item) => item));
    d.map('each', list, noop);
  }),
  dag('marked', {}, (d) => {
    const work = d.task('work', async ({ signal }) => delay(60_000, undefined, { signal }));
    const leftOut = d.task('left_out', { needs: [work] }, noop);
    d.task('behind', { needs: [leftOut], triggerRule: 'all_done' }, noop);
  }),
  dag('untaken', {}, (d) => {
    const train = d.task('train', { taskQueue: 'nobody', startTimeout: '1s' }, noop);
    d.task('after', { needs: [train], triggerRule: 'all_done' }, noop);
  }),
  dag('waits', {}, (d) => {
    for (const side of ['left', 'right']) {
      const pause = d.wait(`pause_${side}`, { for: '50ms' });
      d.task(side, { needs: [pause] }, noop);
    }
  }),
  dag('torn_down', {}, (d) => {
    const cluster = d.task('cluster', noop);
    const list = d.task('list', async () => [1, 2]);
    const work = d.map('work', list, { needs: [cluster] }, async ({ signal }) =>
      delay(60_000, undefined, { signal }),
    );
    d.task('down', { needs: [work], teardownOf: cluster }, noop);
  }),
  dag('retry', {}, (d) => {
    d.task('work', { retries: { max: 2, initial: '100ms' } }, async ({ try: number }) => {
      if (number < 3) throw new Error('not yet');
    });
  }),
  dag('failure', {}, (d) => {
    const first = d.task('first', () => {
      throw new Error('it broke');
    });
    d.task('second', { needs: [first] }, noop);
    d.task('cleanup', { needs: [first], triggerRule: 'all_done' }, noop);
  }),
  dag('cancel', {}, (d) => {
    const first = d.task('first', async ({ signal }) => {
      await new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(new Error('stopped'))),
      );
    });
    d.task('second', { needs: [first] }, noop);
  }),
  dag('outlets', { outlets: [asset('s3://lake/whole')] }, (d) => {
    const work = d.task('work', noop);
    d.task('cleanup', { needs: [work], triggerRule: 'one_failed' }, noop);
  }),
  dag(
    'again',
    { schedule: assetOrTime(cron('0 0 1 1 *'), all(again1, again2), { consume: true }), maxActiveRuns: 1 },
    (d) => {
      const first = d.task('first', async () => 1);
      const second = d.task('second', { needs: { first } }, async ({ run }) => {
        if (run.conf['fail'] === true && run.attempt === 1) throw new Error('it broke');
      });
      d.task('third', { needs: [second] }, noop);
    },
  ),
  dag('pooled', { pool: 'runs' }, (d) => {
    const list = d.task('list', { pool: 'narrow' }, async () => [1, 2, 3, 4]);
    const each = d.map('each', list, { pool: 'narrow' }, () => delay(100));
    const pause = d.wait('pause', { for: '200ms' });
    d.task('beside', { pool: 'narrow' }, () => delay(100));
    d.task('last', { needs: [each, pause], pool: { name: 'narrow', key: '{{ ds }}' } }, noop);
  }),
  dag('callbacks', {}, (d) => {
    d.task('work', { retries: { max: 2, initial: '100ms' } }, async ({ try: number }) => {
      await delay(300);
      if (number < 3) throw new Error('not yet');
      throw new NonRetryable('never');
    });
    d.onRetry('note', {}, noop);
    d.onLate('hurry', { after: '200ms' }, noop);
    d.onFailure('warn', {}, noop);
    d.onSuccess('cheer', {}, noop);
  }),
  dag('mapped_pairs', {}, (d) => {
    const country = d.task('country', async () => ['at', 'de', 'fr']);
    const day = d.task('day', async () => [1, 2]);
    const size = d.task('size', async () => [10, 20, 30]);
    d.map('each_pair', { country, day }, { toleratedFailures: 1 }, async ({ item }) => {
      if (item.country === 'de' && item.day === 2) throw new Error('it broke');
    });
    d.map('zipped', zip({ country, size }), { toleratedFailures: '50%' }, noop);
  }),
  dag('scheduled', { schedule: cron('0 0 1 1 *') }, (d) => void d.task('work', noop)),
];

const progress = createProgress(process.stdout);
const children = new Children((child, how) => {
  process.stderr.write(`${child.name} ended unexpectedly (${how}):\n${child.log().slice(-2_000)}\n`);
});
const folder = await mkdtemp(join(tmpdir(), 'tidegate-record-'));
await chmod(folder, 0o711);
try {
  const tidegate = await start();
  await progress.step('Playing the scenarios', () => play(tidegate));
  await progress.step('Keeping what is new', () => keep(tidegate));
  await tidegate.stop();
} finally {
  await children.stop();
  await rm(folder, { recursive: true, force: true });
}

async function start(): Promise<Tidegate> {
  const anyPort = { kind: 'any' } as const;
  const binary = await findTemporalBinary({ environment: process.env, progress });
  const postgres = await startPostgres({
    ...{
      folder: join(folder, 'postgres'),
      logFile: join(folder, 'postgres.log'),
      port: anyPort,
      children,
      fsync: false,
    },
  });
  const temporal = await startTemporalServer({
    ...{ binary, port: anyPort, namespace: 'default', logFile: join(folder, 'temporal.log'), children },
    dynamicConfig: historyLimits,
  });
  process.env['TMPDIR'] = folder;
  process.env['TIDEGATE_TEST_POSTGRES_URL'] = postgres.url;
  process.env['TIDEGATE_TEST_TEMPORAL_ADDRESS'] = temporal.address;
  return startTidegate(dags, { identity: 'recorder', pools });
}

async function play(tidegate: Tidegate): Promise<void> {
  const { deps } = tidegate;
  const post = (...uris: readonly string[]) => tidegate.post(...uris);
  const runsClosed = (dagId: string, count: number) => tidegate.runsClosed(dagId, count);
  latch('back_pressure');
  await setPaused(deps, parseDagId('pause'), true);
  await post(a.uri);
  await post(a.uri);
  await post(b.uri);
  await runsClosed('and', 1);
  await post(c.uri);
  await post(a.uri, b.uri, c.uri);
  await runsClosed('nested', 2);
  await tidegate.trigger('back_pressure');
  latch('back_pressure').open();
  await runsClosed('back_pressure', 3);
  await clearQueue(deps, parseDagId('pause'), { who: 'recorder' });
  await post(b.uri);
  await setPaused(deps, parseDagId('pause'), false);
  await runsClosed('pause', 1);

  await tidegate.trigger('and');
  await post(a.uri);
  await tidegate.deploy(
    dags.map((one) => (one.id === 'edit' ? waiting('edit', { schedule: any(b, c) }) : one)),
  );
  const first = (await tidegate.consumer('long').describe()).runId;
  await eventually(async () => {
    await post(busy1.uri, busy2.uri);
    return (await tidegate.consumer('long').describe()).runId !== first;
  });
  await tidegate.deploy(dags.filter(({ id }) => id !== 'edit'));
  await eventually(async () => (await tidegate.consumer('edit').describe()).status.name === 'COMPLETED');

  const plain = ['success', 'retry', 'failure', 'outlets', 'limited', 'shapes', 'mapped', 'mapped_long'];
  for (const id of [...plain, 'callbacks', 'mapped_pairs'])
    await tidegate.closed(id, await tidegate.trigger(id));
  const pooled = [await tidegate.trigger('pooled'), await tidegate.trigger('pooled')];
  for (const runId of pooled) await tidegate.closed('pooled', runId);
  await tidegate.post(timed1.uri);
  const gateOf = async (dagId: string) => Object.keys((await tidegate.gate(dagId)).gate.queued);
  await eventually(async () => (await gateOf('timed')).length > 0);
  await eventually(async () => (await gateOf('timed')).length === 0);
  await post(timed1.uri, timed2.uri);
  await post(timed1.uri);
  await runsClosed('timed', 1);
  for (const partition of ['eu', 'us']) await tidegate.postWith(keyed1.uri, { partition });
  for (const partition of ['us', 'eu']) await tidegate.postWith(keyed2.uri, { partition });
  await runsClosed('keyed', 2);
  for (const partition of ['eu', 'us', 'asia']) await tidegate.postWith(settled1.uri, { partition });
  for (const partition of ['us', 'eu', 'eu']) await tidegate.postWith(settled2.uri, { partition });
  await runsClosed('settled', 2);
  for (const rows of [1, 2]) await tidegate.postWith(filtered.uri, { extra: { rows } });
  await runsClosed('filtered', 1);
  await post(parts.uri, parts.uri, parts.uri);
  await runsClosed('parts', 3);

  const lateAt = Date.UTC(2026, 0, 1);
  for (const at of [lateAt, lateAt + 3_600_000]) await passTick(deps, parseDagId('owed'), at);
  await tidegate.closed('owed', await tidegate.trigger('owed'));
  await post(owed1.uri);
  await post(owed2.uri);
  await runsClosed('owed', 2);
  await post(owed1.uri, owed2.uri);
  await passTick(deps, parseDagId('owed'), lateAt + 7_200_000);
  await runsClosed('owed', 3);

  latch('due');
  await tidegate.trigger('due');
  await post(due1.uri);
  await noteDeadline(deps, parseDagId('due'), Date.now());
  await eventually(async () => (await tidegate.gate('due')).gate.deadlines?.due.length === 1);
  latch('due').open();
  await runsClosed('due', 2);
  await post(due1.uri, due2.uri);
  await runsClosed('due', 3);
  await deps.temporal.client.schedule.getHandle('deadline/due').trigger();
  await eventually(async () => {
    const came = await listDeadlines(deps.db, parseDagId('due'), { limit: 2, offset: 0 });
    return came.length === 2 && came.every(({ outcome }) => outcome !== null);
  });

  await post(again1.uri);
  await eventually(async () => (await gateOf('again')).length > 0);
  const again = ['again', await tidegate.trigger('again', { fail: true })] as const;
  await tidegate.closed(...again);
  await post(again1.uri);
  await eventually(async () => (await gateOf('again')).length > 0);
  await runAgain(deps, again, whatFailed);
  await attemptClosed(tidegate, again, 2);
  await post(again2.uri);
  await runsClosed('again', 2);

  latch('flight_queue');
  latch('flight_keyed');
  const activeIn = (dagId: string, count: number) =>
    eventually(async () => (await tidegate.gate(dagId)).activeRuns.length === count);
  await post(flown1.uri);
  await activeIn('flight_queue', 1);
  await tidegate.trigger('flight_queue');
  await post(flown1.uri);
  await eventually(async () => (await tidegate.gate('flight_queue')).heldBack?.others !== undefined);
  latch('flight_queue').open();
  await runsClosed('flight_queue', 3);
  for (const partition of ['eu', 'us', 'eu']) await tidegate.postWith(flown2.uri, { partition });
  await activeIn('flight_keyed', 2);
  await eventually(async () => (await gateOf('flight_keyed')).length > 0);
  latch('flight_keyed').open();
  await runsClosed('flight_keyed', 3);
  await post(flown3.uri);
  await activeIn('flight_cancel', 1);
  await post(flown3.uri);
  await runsClosed('flight_cancel', 1);
  await activeIn('flight_cancel', 1);
  await tidegate.trigger('flight_cancel', { last: true });
  await runsClosed('flight_cancel', 3);
  await activeIn('flight_cancel', 0);

  const marked = ['marked', await tidegate.trigger('marked')] as const;
  await eventually(async () => (await tidegate.tasksOf(...marked)).length === 1);
  const markOf = (taskId: string, state: 'success' | 'skipped') => {
    const [ofDag, ofRun] = [parseDagId(marked[0]), parseRunId(parseDagId(marked[0]), marked[1])];
    return markTask(deps, {
      dagId: ofDag,
      runId: ofRun,
      taskId: parseTaskId(taskId),
      state,
      who: 'recorder',
      note: null,
    });
  };
  await markOf('left_out', 'skipped');
  await markOf('work', 'success');
  await tidegate.closed(...marked);

  const runId = await tidegate.trigger('cancel');
  await eventually(async () => (await tidegate.tasksOf('cancel', runId)).length === 1);
  const dagId = parseDagId('cancel');
  await cancelRun(deps, { dagId, runId: parseRunId(dagId, runId), attempt: 1 });
  await tidegate.closed('cancel', runId);
  for (const dagId of ['untaken', 'waits']) await tidegate.closed(dagId, await tidegate.trigger(dagId));
  const torn = parseDagId('torn_down');
  const tornRun = parseRunId(torn, await tidegate.trigger(torn));
  await eventually(async () => (await tidegate.tasksOf(torn, tornRun)).length === 4);
  await cancelRun(deps, { dagId: torn, runId: tornRun, attempt: 1 });
  await tidegate.closed(torn, tornRun);
  await deps.temporal.client.schedule.getHandle('tick/scheduled').trigger();
  await runsClosed('scheduled', 1);
}

async function keep(tidegate: Tidegate): Promise<void> {
  const { client } = tidegate.deps.temporal;
  const consumers = [
    ...[
      ['and', 'and'],
      ['any', 'any'],
      ['nested', 'nested'],
      ['back_pressure', 'back-pressure'],
      ['pause', 'pause'],
    ],
    ['edit', 'edit-and-retire'],
    ['timed', 'timed'],
    ['keyed', 'keyed'],
    ['settled', 'settled-keys'],
    ['filtered', 'filtered'],
    ['parts', 'parts'],
    ['owed', 'owed'],
    ['due', 'deadline'],
    ['again', 'attempts'],
    ...[
      ['flight_queue', 'single-flight-queue'],
      ['flight_keyed', 'single-flight-keyed'],
      ['flight_cancel', 'single-flight-cancel'],
    ],
  ] as const;
  for (const [dagId, scenario] of consumers) {
    await write(`consumerDag--${scenario}`, await tidegate.consumer(dagId).fetchHistory());
  }
  const longExecutions = client.workflow.list({ query: "WorkflowId = 'dag/long'" });
  for await (const { runId, status } of longExecutions) {
    if (status.name !== 'CONTINUED_AS_NEW') continue;
    const handle = client.workflow.getHandle('dag/long', runId);
    await write('consumerDag--continue-as-new', await handle.fetchHistory());
  }
  const histories = ['success', 'retry', 'failure', 'cancel', 'outlets', 'limited', 'shapes', 'mapped'];
  const later = ['torn_down', 'marked', 'pooled', 'untaken', 'waits', 'callbacks', 'mapped_pairs'];
  for (const dagId of [...histories, ...later]) {
    // Of several, the last one waited for the others.
    const run = (await tidegate.runsOf(dagId)).at(-1);
    const handle = tidegate.run(dagId, run?.run_id ?? '');
    await eventually(async () => (await handle.describe()).status.name !== 'RUNNING');
    await write(`dagRun--${dagId.replace('_', '-')}`, await handle.fetchHistory());
  }
  for await (const { workflowId, runId, status } of client.workflow.list({
    query: "WorkflowType = 'mappedTask'",
  })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const special = ['pooled', 'mapped_pairs'].find((dagId) => workflowId.startsWith(`map/${dagId}.`));
    const how =
      special?.replace('mapped_', '') ??
      { CONTINUED_AS_NEW: 'continue-as-new', CANCELLED: 'cancelled' }[String(status.name)] ??
      'ended';
    await write(`mappedTask--${how}`, await handle.fetchHistory());
  }
  const [again] = await tidegate.runsOf('again');
  const secondAttempt = client.workflow.getHandle(`dag/again/run/${again?.run_id}/2`);
  await eventually(async () => (await secondAttempt.describe()).status.name !== 'RUNNING');
  await write('dagRun--attempt', await secondAttempt.fetchHistory());
  for await (const { workflowId } of client.workflow.list({ query: "WorkflowType = 'tick'" })) {
    const scenario = workflowId.startsWith('deadline/') ? 'tick--deadline' : 'tick--scheduled';
    await write(scenario, await client.workflow.getHandle(workflowId).fetchHistory());
  }
}

async function write(scenario: string, history: Parameters<typeof historyText>[0]): Promise<void> {
  const name = `${scenario}.json`;
  if (recordedHistories().includes(name)) {
    process.stdout.write(`  kept ${name}, which was recorded before\n`);
    return;
  }
  await writeFile(join(historiesFolder, name), historyText(history));
  process.stdout.write(`  recorded ${name}\n`);
}
