import { alias, asset, dag, type DagDefinition, type DagOptions, on } from '../../sdk/index.ts';
import { parseDagId } from '../../core/ids.ts';
import { recordAll } from '../../store/recording.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const [clicks, views] = [asset('s3://settle/clicks'), asset('s3://settle/views')];
const [orders, rates] = [asset('s3://within/orders'), asset('s3://within/rates')];
const sales = asset('s3://filter/sales');
const [left, right, many] = [asset('s3://parts/left'), asset('s3://parts/right'), asset('s3://parts/many')];
const files = alias('settled-files');
const mixed = asset('s3://settle/mixed');
const slow = asset('s3://recent/slow');

/** Its one task returns the ids of the events its run consumed. */
const listing = (id: string, options: DagOptions<undefined>): DagDefinition =>
  dag(id, options, (d) => {
    d.task('list', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
  });

const project = (rows: number): readonly DagDefinition[] => [
  listing('settling', { schedule: [clicks, views], settle: { quiet: '1s', max: '3s' } }),
  listing('together', { schedule: [orders, rates], within: '2s' }),
  listing('large', { schedule: on(sales, { where: { 'extra.rows': { gte: rows } } }) }),
  listing('each', { schedule: [left, right], batch: 'each' }),
  listing('three', { schedule: many, batch: { max: 3 }, maxActiveRuns: 2 }),
  listing('by_alias', { schedule: files, settle: { quiet: '1s' } }),
  listing('large_settled', {
    schedule: on(mixed, { where: { 'extra.rows': { gte: 10 } } }),
    settle: { quiet: '1s' },
  }),
  dag('writes', {}, (d) => {
    d.task('write', { outlets: [files] }, async ({ emit }) => emit.via(files, asset('s3://settle/file')));
  }),
  listing('recent', { schedule: on(slow, { count: 2, expireAfter: '2s' }) }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(project(100));
});
afterAll(() => tidegate.stop());

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const outcomesOf = async (dagId: string): Promise<readonly string[]> =>
  (
    await tidegate.deps.db
      .selectFrom('consumption')
      .select(['outcome', 'count'])
      .where('dag_id', '=', dagId as never)
      .orderBy('after_seq')
      .execute()
  ).map(({ outcome, count }) => `${outcome} ${count}`);

describe('a run that settles', () => {
  it('waits until nothing came for a while, and takes all that came', async () => {
    const posted = await tidegate.post(clicks.uri, views.uri);
    await pause(500);
    const later = await tidegate.post(clicks.uri);
    await eventually(async () => ((await tidegate.gate('settling')).gate.queued ? true : undefined));
    expect(await tidegate.runsOf('settling')).toEqual([]);
    expect(await tidegate.resultsOf('settling', 1)).toEqual([[...posted, ...later]]);
  });

  it('does not wait longer than it may, however much comes', async () => {
    const posted: number[] = [...(await tidegate.post(clicks.uri, views.uri))];
    const begun = Date.now();
    while ((await tidegate.runsOf('settling')).length < 2 && Date.now() - begun < 8_000) {
      await pause(300);
      posted.push(...(await tidegate.post(clicks.uri)));
    }
    expect(Date.now() - begun).toBeGreaterThan(2_500);
    const [, second] = await tidegate.resultsOf('settling', 2);
    expect((second as readonly number[]).slice(0, 3)).toEqual(posted.slice(0, 3));
  });
});

describe('a time that comes before what was recorded is counted', () => {
  it('waits for events that came through an alias', async () => {
    await tidegate.closed('writes', await tidegate.trigger('writes'));
    const sent = await tidegate.deps.db
      .selectFrom('asset_event')
      .select(['seq', 'asset_id'])
      .orderBy('seq', 'desc')
      .executeTakeFirstOrThrow();
    const { alias_id: through } = await tidegate.deps.db
      .selectFrom('asset_event_alias')
      .select('alias_id')
      .executeTakeFirstOrThrow();
    // Recorded, and then the process was killed before it told anybody.
    const [recorded] = await recordAll(tidegate.deps.db, [
      {
        source: { kind: 'api' },
        events: [{ assetId: sent.asset_id, extra: {}, partitionKey: undefined, aliasIds: [through] }],
      },
    ]);
    const [seq] = recorded?.kind === 'recorded' ? recorded.seqs : [];
    const taken = (await tidegate.resultsOf('by_alias', 1)) as readonly (readonly number[])[];
    if (!taken.flat().includes(seq ?? 0)) tidegate.deps.dispatcher.notify([parseDagId('by_alias')]);
    const lists = async () =>
      ((await tidegate.resultsOf('by_alias', 1)) as number[][]).flat().includes(seq ?? 0);
    expect(await eventually(async () => (await lists()) || undefined)).toBe(true);
  });

  it('does not wait for events that its filter leaves out', async () => {
    const large = await tidegate.postWith(mixed.uri, { extra: { rows: 50 } });
    await tidegate.postWith(mixed.uri, { extra: { rows: 5 } });
    await tidegate.postWith(mixed.uri, { extra: { rows: 50 }, partition: 'k' });
    expect(await tidegate.resultsOf('large_settled', 1)).toEqual([[large]]);
  });
});

describe('updates that count for a while', () => {
  it('start a run together only, and are expired when they are too old', async () => {
    await tidegate.post(orders.uri);
    await eventually(async () => ((await outcomesOf('together')).length === 1 ? true : undefined));
    expect(await outcomesOf('together')).toEqual(['expired 1']);
    await tidegate.post(rates.uri);
    await pause(500);
    expect(await tidegate.runsOf('together')).toEqual([]);
    await tidegate.post(orders.uri);
    expect(await tidegate.resultsOf('together', 1)).toEqual([[expect.any(Number), expect.any(Number)]]);
  });

  it('leave what is too old out of the run that takes the rest', async () => {
    await tidegate.post(slow.uri);
    await pause(1_500);
    const [second] = await tidegate.post(slow.uri);
    expect(await tidegate.resultsOf('recent', 1)).toHaveLength(1);
    await tidegate.post(slow.uri);
    await pause(1_500);
    const [fourth] = await tidegate.post(slow.uri);
    expect((await tidegate.resultsOf('recent', 2)).flat()).toEqual(expect.arrayContaining([second, fourth]));
  });
});

describe('a condition with a filter', () => {
  it('counts only what meets it, and its run lists nothing else', async () => {
    await tidegate.postWith(sales.uri, { extra: { rows: 5 } });
    const large = await tidegate.postWith(sales.uri, { extra: { rows: 500 } });
    expect(await tidegate.resultsOf('large', 1)).toEqual([[large]]);
    await tidegate.postWith(sales.uri, { extra: { rows: 7 } });
    const other = await tidegate.postWith(sales.uri, { extra: { rows: 100 } });
    expect(await tidegate.resultsOf('large', 2)).toContainEqual([other]);
  });
});

describe('runs that take a part of what is queued', () => {
  it('take as few of the oldest events as their condition needs', async () => {
    const lefts = [...(await tidegate.post(left.uri)), ...(await tidegate.post(left.uri))];
    const rights = await tidegate.post(right.uri, right.uri, left.uri, right.uri);
    const taken = (await tidegate.resultsOf('each', 2)) as readonly (readonly number[])[];
    expect(taken.toSorted(([a = 0], [b = 0]) => a - b)).toEqual([
      [...lefts, rights[0]],
      [rights[1], rights[2]],
    ]);
    expect(Object.values((await tidegate.gate('each')).gate.queued).map(({ count }) => count)).toEqual([1]);
  });

  it('take so many of a backlog, and leave nothing behind', async () => {
    const posted = await tidegate.post(...Array.from({ length: 160 }, () => many.uri));
    const taken = (await tidegate.resultsOf(
      'three',
      Math.ceil(posted.length / 3),
    )) as readonly (readonly number[])[];
    expect(taken.map((one) => one.length).filter((size) => size !== 3)).toEqual([1]);
    expect(taken.flat().toSorted((a, b) => a - b)).toEqual(posted);
  });
});
