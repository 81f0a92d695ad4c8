import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { NewAssetEvent } from '../../core/asset-event.ts';
import type { JsonObject } from '../../core/json.ts';
import {
  alias,
  type AnySource,
  type AnyAsset,
  asset,
  dag,
  type EventList,
  type TaskContext,
  TidegateError,
} from '../../sdk/index.ts';
import { AssetIds } from '../../store/asset-ids.ts';
import { recordEvents } from '../../temporal/record-events.ts';
import { type Runs, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

// What tasks read of assets: what started their run, every event of an inlet, and one that is still to come.

const orders = asset('s3://reading/orders', { eventExtra: z.object({ n: z.number() }) });
const many = asset('s3://reading/many');
const named = asset({ name: 'rates', uri: 's3://reading/rates' });
const stable = asset('s3://reading/stable');
const awaited = asset('s3://reading/awaited');
const later = asset('s3://reading/later');
const produced = asset('s3://reading/produced');
const between = asset('s3://reading/between');
const other = asset('s3://reading/other');
const files = alias('files');
/** Has the name of an alias. */
const twin = asset({ name: 'twin', uri: 's3://reading/twin' });

/** A DAG by hand whose one task reads these inlets. */
const reading = (
  id: string,
  inlets: readonly AnySource[],
  read: (context: TaskContext) => Promise<unknown>,
) => dag(id, {}, (d) => void d.task('read', { inlets }, read));

const codeOf = async (call: () => unknown): Promise<string> => {
  try {
    await call();
    return 'none';
  } catch (error) {
    return error instanceof TidegateError ? error.code : String(error);
  }
};

let waits = 0;
const dags = [
  reading('sequence', [orders], async ({ inlets }) => {
    const all = inlets.of(orders);
    const numbers = async (list: AsyncIterable<{ readonly extra: { readonly n: number } }>) => {
      const read: number[] = [];
      for await (const { extra } of list) read.push(extra.n);
      return read;
    };
    const [second, last] = [await all.at(1), await all.last()];
    const from = second?.recordedAt ?? 0;
    const until = (await all.at(-2))?.recordedAt ?? 0;
    return {
      all: await numbers(all),
      ends: [(await all.first())?.extra.n, last?.extra.n, (await all.at(-1))?.extra.n],
      none: (await all.at(99)) ?? null,
      counted: [await all.count(), await all.length],
      slices: [await numbers(all.slice(1, 3)), await numbers(all.slice(-2)), await numbers(all.slice(2, -1))],
      between: await numbers(all.after(from).before(new Date(until))),
      never: [
        await all
          .after(from)
          .before(from - 1)
          .count(),
        await all.limit(0).count(),
      ],
      oldest: await numbers(all.limit(2)),
      newest: [await numbers(all.limit(2).descending()), await numbers(all.descending().limit(2))],
      turned: await numbers(all.descending().ascending().limit(3).limit(1)),
      where: await numbers(all.where({ 'extra.n': { gte: 2 } }).where({ 'extra.n': { ne: 3 } })),
      keyed: [
        await all.where({ partition: 'de' }).count(),
        await all.where({ 'source.kind': 'task' }).count(),
      ],
      lastKeyed: (await all.where({ partition: 'de' }).at(-1))?.extra.n,
    };
  }),
  reading('long', [many], async ({ inlets }) => {
    let [count, previous] = [0, 0];
    for await (const { seq } of inlets.of(many)) {
      if (seq <= previous) throw new Error('out of order');
      previous = seq;
      count += 1;
    }
    return [count, await inlets.of(many).count(), (await inlets.of(many).at(-2_000))?.seq !== undefined];
  }),
  reading('by_reference', [named], async ({ inlets }) => [
    await inlets.of('rates').count(),
    await inlets.of({ name: 'rates' }).count(),
    await inlets.of({ uri: 's3://reading/rates/' }).count(),
    await inlets.of('s3://reading/rates').count(),
  ]),
  reading('refused', [orders, named], async ({ inlets, waitFor }) => [
    await codeOf(() => inlets.of(other)),
    await codeOf(() => inlets.of({ name: 'nobody' })),
    await codeOf(() => inlets.of({})),
    await codeOf(() => inlets.of({ name: 'rates', uri: 's3://reading/orders' })),
    await codeOf(() => inlets.of(orders).limit(-1)),
    await codeOf(() => inlets.of(orders).after('yesterday')),
    await codeOf(() => inlets.of(orders).where({ rows: 1 })),
    await codeOf(() => waitFor(other)),
    await codeOf(() => waitFor(orders, { timeout: 'soon' })),
    await codeOf(() => waitFor(orders, { after: '2024-02-30' })),
  ]),
  reading('undeclared', [orders], async ({ inlets }) => inlets.of(other).count()),
  reading('stable', [stable], async ({ inlets }) => {
    const before = await inlets.of(stable).count();
    await record(stable, {});
    const after = await inlets.of(stable).count();
    return [
      before,
      after,
      await inlets
        .of(stable)
        .after(0)
        .toArray()
        .then(({ length }) => length),
    ];
  }),
  reading('waits', [awaited], async ({ waitFor, log }) => {
    waits += 1;
    log.info('before');
    const { extra, partitionKey } = await waitFor(awaited, {
      partition: 'de',
      where: { 'extra.rows': { gt: 10 } },
      timeout: '30s',
    });
    return [extra, partitionKey];
  }),
  reading('waits_for_nothing', [later], async ({ waitFor }) => waitFor(later, { timeout: '300 ms' })),
  reading('waits_for_more', [later], async ({ waitFor }) => {
    const { extra } = await waitFor(later, { after: '2020-01-01' });
    return extra['n'];
  }),
  dag('waits_again', {}, (d) => {
    const retries = { max: 1, initial: '100 ms' };
    d.task('wait', { inlets: [between], retries }, async ({ waitFor, try: number }) => {
      if (number === 1) {
        await record(between, { n: 1 });
        throw new Error('it broke');
      }
      return (await waitFor(between, { timeout: '5s' })).extra['n'];
    });
  }),
  reading('waits_for_ever', [later], async ({ waitFor }) => waitFor(later, { after: '2100-01-01' })),
  dag('loads', {}, (d) => {
    d.task('load', { outlets: [files, alias('twin')] }, ({ emit }) => {
      emit.via(files, asset('s3://reading/file/1'), { extra: { n: 1 }, partition: 'de' });
      emit.via([files, alias('twin')], asset('s3://reading/file/2'), { extra: { n: 2 } });
    });
  }),
  reading('through_alias', [files, twin, alias('twin')], async ({ inlets, waitFor }) => {
    const all = inlets.of(files);
    const shown = async (list: EventList) =>
      (await list.toArray()).map(({ asset: { name }, extra }) => [name, extra['n']]);
    const at = (await all.at(1))?.recordedAt ?? 0;
    return {
      all: await shown(all),
      ends: [(await all.at(-1))?.extra['n'], await all.count()],
      newest: await shown(all.descending().slice(0, 1)),
      times: [await all.after(at).count(), await all.before(at - 1).count()],
      where: await shown(all.where({ partition: { exists: false } })),
      named: [await inlets.of('files').count(), await inlets.of({ name: 'files' }).count()],
      twins: [
        await inlets.of('twin').count(),
        await inlets.of(alias('twin')).count(),
        await inlets.of(twin).count(),
      ],
      awaited: (await waitFor(files, { partition: 'de', timeout: '5s' })).extra['n'],
      other: await codeOf(() => inlets.of(alias('other'))),
    };
  }),
  dag('produces', {}, (d) => void d.task('make', { outlets: [produced] }, async () => undefined)),
  dag('consumes', { schedule: produced }, (d) => {
    d.task('see', async ({ events }) => {
      const event = await events.of(produced).at(-1);
      return [event?.source.kind, event?.sourceRun ?? null, await events.all().length];
    });
  }),
];

let runs: Runs;
let assetIds: AssetIds;
beforeAll(async () => {
  runs = await startRuns(dags);
  assetIds = new AssetIds(runs.tidegate.deps.db);
});
afterAll(() => runs.tidegate.stop());

const resultOf = async (dagId: string): Promise<unknown> => {
  const { task } = await runs.taskOf(dagId);
  return task?.result ?? task?.error;
};

async function record(of: AnyAsset, extra: JsonObject, partitionKey?: string) {
  const assetId = (await assetIds.find([of]))(of);
  const event: NewAssetEvent = { assetId, extra, partitionKey };
  await recordEvents(runs.tidegate.deps, { events: [event] });
}

describe('the inlets of a task', () => {
  it('are read as a sequence in the order of the log, by place, slice, time, filter and number', async () => {
    for (const n of [0, 1, 2, 3, 4]) {
      await record(orders, { n }, n % 2 === 0 ? 'de' : undefined);
      await delay(3);
    }
    expect(await resultOf('sequence')).toEqual({
      all: [0, 1, 2, 3, 4],
      ends: [0, 4, 4],
      none: null,
      counted: [5, 5],
      slices: [
        [1, 2],
        [3, 4],
        [2, 3],
      ],
      between: [1, 2, 3],
      never: [0, 0],
      oldest: [0, 1],
      newest: [
        [4, 3],
        [4, 3],
      ],
      turned: [0],
      where: [2, 4],
      keyed: [3, 0],
      lastKeyed: 4,
    });
  });

  it('are read page by page, however many events there are', async () => {
    await runs.tidegate.post(...Array.from({ length: 2_500 }, () => many.uri));
    expect(await resultOf('long')).toEqual([2_500, 2_500, true]);
  });

  it('are found by name and by URI, as they are written', async () => {
    await record(named, {});
    expect(await resultOf('by_reference')).toEqual([1, 1, 1, 1]);
  });

  it('are those the task declares; what else is asked wrongly says so', async () => {
    expect(await resultOf('refused')).toEqual([
      ...['undeclared_inlet', 'undeclared_inlet', 'undeclared_inlet', 'undeclared_inlet'],
      ...['invalid_input', 'invalid_definition', 'invalid_definition'],
      ...['undeclared_inlet', 'invalid_definition', 'invalid_definition'],
    ]);
    const { task } = await runs.taskOf('undeclared');
    expect(task).toMatchObject({
      state: 'failed',
      error: `s3://reading/other is not an inlet of this task: add it to 'inlets' (declared: s3://reading/orders)`,
    });
  });

  it('are also what came through an alias, of whatever asset', async () => {
    await runs.runOf('loads');
    expect(await resultOf('through_alias')).toEqual({
      all: [
        ['s3://reading/file/1', 1],
        ['s3://reading/file/2', 2],
      ],
      ends: [2, 2],
      newest: [['s3://reading/file/2', 2]],
      times: [2, 0],
      where: [['s3://reading/file/2', 2]],
      named: [2, 2],
      twins: [0, 1, 0],
      awaited: 1,
      other: 'undeclared_inlet',
    });
  });

  it('do not change while a try reads them', async () => {
    expect(await resultOf('stable')).toEqual([0, 0, 0]);
    expect(await resultOf('stable')).toEqual([1, 1, 1]);
  });
});

describe('a task that waits for an event', () => {
  it('gets the first one that is meant', async () => {
    const running = runs.taskOf('waits');
    await eventually(async () => waits > 0);
    await record(awaited, { rows: 20 });
    await record(awaited, { rows: 5 }, 'de');
    await record(awaited, { rows: 30 }, 'de');
    await record(awaited, { rows: 40 }, 'de');
    const { task } = await running;
    expect(task?.result).toEqual([{ rows: 30 }, 'de']);
  });

  it('does not wait for a partition that is there, nor for what came since the time it names', async () => {
    expect(await resultOf('waits')).toEqual([{ rows: 30 }, 'de']);
    await record(later, { n: 1 });
    expect(await resultOf('waits_for_more')).toBe(1);
  });

  it('fails when its time is over, and says what for; what is older than its run does not count', async () => {
    const { task } = await runs.taskOf('waits_for_nothing');
    expect(task).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(
        /^no event of s3:\/\/reading\/later that is waited for came within 300 ms/,
      ),
    });
  });

  it('gets in another try what came while the first one ran', async () => {
    await record(between, { n: 0 });
    await delay(5);
    expect(await resultOf('waits_again')).toBe(1);
  });

  it('stops waiting when its run is cancelled', async () => {
    const runId = await runs.tidegate.trigger('waits_for_ever');
    await eventually(async () => (await runs.tidegate.tasksOf('waits_for_ever', runId)).length > 0);
    await runs.tidegate.run('waits_for_ever', runId).cancel();
    expect(await runs.tidegate.closed('waits_for_ever', runId)).toMatchObject({ reason: 'cancelled' });
    const [task] = await runs.tidegate.tasksOf('waits_for_ever', runId);
    expect(task).toMatchObject({ state: 'failed', error: 'cancelled' });
  });
});

describe('the events that started a run', () => {
  it('tell the run they came from, and have places, too', async () => {
    await runs.runOf('produces');
    const [run] = await runs.tidegate.runsClosed('consumes', 1);
    const [task] = await runs.tidegate.tasksOf('consumes', run?.run_id ?? '');
    const sourceRun = { logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
    expect(task?.result).toEqual(['task', sourceRun, 1]);
  });
});
