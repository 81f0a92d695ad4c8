import { sql } from 'kysely';
import supertest from 'supertest';
import { createApp } from '../../api/app.ts';
import { parseDagId } from '../../core/ids.ts';
import type { RetentionPlan } from '../../core/retention.ts';
import { alias, all, any, asset, dag, on } from '../../sdk/index.ts';
import { prune, type PruneOptions } from '../../store/prune.ts';
import { setPaused } from '../../temporal/control.ts';
import { setProjectPaused } from '../../temporal/project-pause.ts';
import { violations } from '../support/conservation.ts';
import { setClock } from '../support/clock.ts';
import { headOf, queuedOf, sawOf, seeingDags } from '../support/seeing.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

// Everything is made to be a hundred days old by moving the clock, then what is past ninety days goes.

const dayMs = 86_400_000;
const ages: RetentionPlan = {
  runsMs: 90 * dayMs,
  logsMs: 14 * dayMs,
  eventsMs: 90 * dayMs,
  stepsMs: 90 * dayMs,
};
const orders = asset('s3://prune/orders');
const rates = asset('s3://prune/rates');
const lone = asset('s3://prune/lone');
const quiet = asset('s3://prune/quiet');
const files = alias('prune-files');
const { seeing, hold } = seeingDags();
const sized = asset('s3://prune/sized');
const large = on(sized, { where: { 'extra.rows': { gte: 10 } } });
const dags = [
  seeing('each', { schedule: any(orders, rates) }),
  seeing('both', { schedule: all(orders, lone) }),
  seeing('large', { schedule: large }),
  seeing('through', { schedule: files }),
  dag('writer', {}, (d) => void d.task('write', { outlets: [quiet] }, async () => undefined)),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const age = (days: number): Promise<void> => setClock(tidegate.deps.db, new Date(Date.now() + days * dayMs));
const pruneNow = (options?: PruneOptions, plan = ages) => prune(tidegate.deps.db, plan, options);
const seqsOf = async (): Promise<readonly number[]> => {
  const rows = await tidegate.deps.db.selectFrom('asset_event').select('seq').orderBy('seq').execute();
  return rows.map(({ seq }) => seq);
};
const isBalanced = async (): Promise<void> => {
  const { db, temporal } = tidegate.deps;
  await tidegate.deps.dispatcher.idle();
  // What the filtered consumer leaves out is not queued, which the books of plain ones take for a loss.
  const found = await violations({ db, temporal, accepted: [] });
  expect(found.filter((reason) => !reason.startsWith('large, subscription'))).toEqual([]);
};

describe('retention', () => {
  it('deletes what nobody needs, and nothing that is queued, newest, or of a run that stays', async () => {
    const [first = 0] = await tidegate.post(orders.uri);
    await tidegate.runsClosed('each', 1);
    const [again = 0] = await tidegate.post(orders.uri);
    await tidegate.runsClosed('each', 2);
    const [second = 0] = await tidegate.post(rates.uri);
    await tidegate.runsClosed('each', 3);
    const [third = 0] = await tidegate.post(rates.uri);
    await tidegate.runsClosed('each', 4);
    const [, last = 0] = await tidegate.post(quiet.uri, quiet.uri);
    await queuedOf(tidegate, 'both', 2);
    // A checkpoint with what is queued: from there on nothing of it would be sent again.
    await setPaused(tidegate.deps, parseDagId('both'), true);
    await setPaused(tidegate.deps, parseDagId('both'), false);
    await isBalanced();
    await age(100);
    const before = await seqsOf();

    const would = await pruneNow({ isDry: true });
    expect(await seqsOf()).toEqual(before);
    const went = await pruneNow();
    expect(went).toMatchObject({ asset_event: 2, run: 3, task_run: 3, task_log: 0, consumption: 1 });
    expect(would).toEqual(went);
    // The first two are queued for `both`, the third is of the newest run, the last the newest of its asset.
    expect(before).toEqual([first, again, second, third, last - 1, last]);
    expect(await seqsOf()).toEqual([first, again, third, last]);
    expect(await tidegate.runsOf('each')).toHaveLength(1);
    await isBalanced();
    expect(await pruneNow()).toMatchObject({ asset_event: 0, run: 0, consumption: 0 });
  });

  it('leaves consumers as they were: what was queued is consumed later, whole, also by a new life', async () => {
    await setClock(tidegate.deps.db, 'real');
    const queued = await queuedOf(tidegate, 'both', 2);
    await tidegate.consumer('both').terminate('test');
    await age(100);
    await tidegate.post(lone.uri);
    const [seen] = await sawOf(tidegate, 'both', 1);
    expect(seen).toHaveLength(3);
    expect(Object.keys(queued)).toEqual([orders.name]);
    await isBalanced();
  });

  it('keeps what a run that is open consumed, and lets it go once that is closed and old', async () => {
    const latch = hold('each');
    const [held = 0] = await tidegate.post(rates.uri);
    await eventually(async () => (await tidegate.runsOf('each')).some(({ state }) => state === 'running'));
    const [newer = 0] = await tidegate.post(rates.uri);
    await age(200);
    await pruneNow();
    expect(await seqsOf()).toEqual(expect.arrayContaining([held, newer]));
    latch.open();
    await eventually(async () => (await tidegate.runsOf('each')).every(({ ended_at }) => ended_at !== null));
    await tidegate.deps.closedRuns.idle();
    await age(300);
    await pruneNow();
    expect(await seqsOf()).not.toContain(held);
    expect(await seqsOf()).toContain(newer);
    await isBalanced();
  });

  it('deletes what a filter left out, with what was accepted', async () => {
    const small = await tidegate.postWith(sized.uri, { extra: { rows: 1 } });
    const accepted = await tidegate.postWith(sized.uri, { extra: { rows: 20 } });
    await tidegate.runsClosed('large', 1);
    await tidegate.postWith(sized.uri, { extra: { rows: 30 } });
    await tidegate.runsClosed('large', 2);
    await eventually(async () => (await tidegate.runsOf('each')).every(({ ended_at }) => ended_at !== null));
    await tidegate.deps.closedRuns.idle();
    await age(500);
    const would = await pruneNow({ isDry: true });
    const went = await pruneNow();
    expect(would).toEqual(went);
    expect(went['accepted_event']).toBe(1);
    const left = await seqsOf();
    expect([small, accepted].filter((seq) => left.includes(seq))).toEqual([]);
    await isBalanced();
  });

  it('keeps logs shorter than their runs, and says nothing is left to delete the next time', async () => {
    const { db } = tidegate.deps;
    const { length } = await tidegate.runsOf('each');
    await tidegate.post(rates.uri);
    await tidegate.runsClosed('each', length + 1);
    const { rows } = await sql<{ dag_id: string; run_id: string }>`
      select dag_id, run_id from run order by number desc limit 1`.execute(db);
    await sql`
      insert into task_log (dag_id, run_id, attempt, task_id, try, at, level, message)
      select ${rows[0]?.dag_id}, ${rows[0]?.run_id}, 1, 'see', 1, clock(), 'info', n::text from generate_series(1, 25000) n`.execute(
      db,
    );
    await age(515);
    const steps: number[] = [];
    const onStep = (removed: Readonly<Record<string, number>>) => void steps.push(removed['task_log'] ?? 0);
    const runs = await sql<{ count: number }>`select count(*) as count from run`.execute(db);
    const logsOnly = { ...ages, runsMs: 5_000 * dayMs };
    expect(await pruneNow({ onStep }, logsOnly)).toMatchObject({ task_log: 25_000, run: 0 });
    expect(Math.max(...steps)).toBe(10_000);
    expect((await sql<{ count: number }>`select count(*) as count from run`.execute(db)).rows).toEqual(
      runs.rows,
    );
    expect(await pruneNow({}, logsOnly)).toMatchObject({ task_log: 0 });
  });

  it('may be cut off anywhere and run beside itself', async () => {
    await setClock(tidegate.deps.db, 'real');
    for (let round = 0; round < 4; round += 1) {
      const { length } = await tidegate.runsOf('both');
      await tidegate.post(rates.uri, orders.uri, lone.uri);
      await tidegate.runsClosed('both', length + 1);
    }
    await eventually(async () => (await tidegate.runsOf('each')).every(({ ended_at }) => ended_at !== null));
    await tidegate.deps.closedRuns.idle();
    await age(900);
    const stop = new AbortController();
    await expect(pruneNow({ signal: stop.signal, onStep: () => stop.abort() })).rejects.toThrow('aborted');
    await isBalanced();
    const would = await pruneNow({ isDry: true });
    const both = await Promise.all([pruneNow(), pruneNow()]);
    const runs = both.reduce((sum, { run = 0 }) => sum + run, 0);
    const events = both.reduce((sum, { asset_event = 0 }) => sum + asset_event, 0);
    const intervals = both.reduce((sum, { consumption = 0 }) => sum + consumption, 0);
    expect({ runs: runs > 0, events: events > 0 }).toEqual({ runs: true, events: true });
    expect({ runs, events, intervals }).toEqual({
      ...{ runs: would['run'], events: would['asset_event'], intervals: would['consumption'] },
    });
    expect(await pruneNow()).toMatchObject({ asset_event: 0, run: 0 });
    await isBalanced();
  });

  it('keeps what a request that is repeated would be answered with, and what came later', async () => {
    const { db } = tidegate.deps;
    await setClock(db, 'real');
    const { length } = await tidegate.runsOf('each');
    const [seq = 0] = await tidegate.post(rates.uri);
    await tidegate.runsClosed('each', length + 1);
    await tidegate.post(rates.uri);
    await tidegate.runsClosed('each', length + 2);
    await tidegate.deps.closedRuns.idle();
    await db.insertInto('idempotency_key').values({ key: 'again', request_hash: '', seq }).execute();
    await age(1_200);
    await pruneNow();
    expect(await seqsOf()).toContain(seq);
    await db.deleteFrom('idempotency_key').execute();
    await pruneNow();
    expect(await seqsOf()).not.toContain(seq);
  });

  it('deletes steps of lives that are over, and those that are left can be gone through', async () => {
    const count = async (): Promise<number> =>
      (
        await tidegate.deps.db
          .selectFrom('consumer_step')
          .select('dag_id')
          .where('dag_id', '=', parseDagId('both'))
          .execute()
      ).length;
    await setClock(tidegate.deps.db, 'real');
    await tidegate.consumer('both').terminate('test');
    await setProjectPaused(tidegate.deps, true, 'test');
    await setProjectPaused(tidegate.deps, false, 'test');
    const before = await count();
    await age(1_400);
    await pruneNow();
    expect(await count()).toBeLessThan(before);
    await isBalanced();
  });

  it('is told by the API: what is kept for how long, and that a run may have been pruned', async () => {
    const http = supertest(createApp({ ...tidegate.deps, temporalUiUrl: undefined, version: '0' }));
    const { body: project } = await http.get('/api/v2/project');
    expect(project.events_pruned_before).toEqual(expect.any(String));
    const { status, body } = await http.get('/api/v2/dags/each/dagRuns/asset__1');
    expect({ status, code: body.code }).toEqual({ status: 404, code: 'unknown_run' });
    expect(body.detail).toContain('or it was pruned');
    const since = new Date(Date.now() - dayMs).toISOString();
    const { body: played } = await http.post('/api/v2/dags/each/backtest').send({ since });
    expect(played.assumptions).toContainEqual(
      expect.stringMatching(/^Events before .+ may have been pruned/),
    );
    expect(await headOf(tidegate)).toBeGreaterThan((await seqsOf()).length);
  });
});
