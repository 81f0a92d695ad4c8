import { activityInfo } from '@temporalio/activity';
import supertest from 'supertest';
import { z } from 'zod';
import { createApp } from '../../api/app.ts';
import { parseDagId } from '../../core/ids.ts';
import type { FlightPolicy } from '../../core/single-flight.ts';
import {
  asset,
  assetAndTime,
  assetOrTime,
  cron,
  dag,
  type DagDefinition,
  type DagOptions,
} from '../../sdk/index.ts';
import { readKnownTimes } from '../../store/missed-times.ts';
import { setPaused } from '../../temporal/control.ts';
import { requestTick } from '../../temporal/request-run.ts';
import { stepViolations } from '../support/steps.ts';
import { aLatch, type Latch } from '../support/latch.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const params = z.object({ customer: z.string().default('all'), n: z.number().default(0) });
const [queued, cancelled, keyed, each] = ['queued', 'cancelled', 'keyed', 'each'].map((name) =>
  asset(`s3://flights/${name}`),
);
if (queued === undefined || cancelled === undefined || keyed === undefined || each === undefined)
  throw new Error('no assets');

/** Each run of a DAG waits for its own latch, by the number in its conf or what it consumed. */
const latches = new Map<string, Latch>();
const latchOf = (name: string) => {
  const latch = latches.get(name) ?? aLatch();
  latches.set(name, latch);
  return latch;
};
const running = new Map<string, number>();
/** Keys that two runs had at a time. */
const crowded: string[] = [];

/** The run whose task asks. */
const ownRun = () => activityInfo().workflowExecution?.workflowId.split('/')[3] ?? '';

function working(
  id: string,
  policy: FlightPolicy,
  options: DagOptions<undefined> = {},
  key?: string,
): DagDefinition {
  const flight = key === undefined ? { policy } : { key, policy };
  return dag(id, { ...options, singleFlight: flight, params } as DagOptions<typeof params>, (d) => {
    d.task('work', async ({ run, params: { customer, n }, events, signal }) => {
      const held = key === undefined ? id : `${id} ${run.partitionKey ?? customer}`;
      running.set(held, (running.get(held) ?? 0) + 1);
      if ((running.get(held) ?? 0) > 1) crowded.push(held);
      const stopped = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
      });
      try {
        const seen = (await events.all().toArray()).map(({ seq }) => seq);
        await Promise.race([latchOf(`${id} ${ownRun()}`).opened, stopped]);
        signal.throwIfAborted();
        return { customer, n, seen };
      } finally {
        running.set(held, (running.get(held) ?? 0) - 1);
      }
    });
  });
}

const byCustomer = '{{ params.customer }}';
const dags = [
  working('skips', 'skip', {}, byCustomer),
  working('skips_ticks', 'skip', { schedule: cron('0 0 1 1 *') }),
  working('queues', 'queue', {}, byCustomer),
  working('cancels', 'cancel_running', { maxActiveRuns: 1 }),
  working('event_queues', 'queue', { schedule: queued }),
  working('event_cancels', 'cancel_running', { schedule: cancelled }),
  working('by_partition', 'queue', { schedule: keyed, partitioned: true }, '{{ partition_key }}'),
  working('one_each', 'queue', { schedule: each, batch: 'each' }),
  working('changes', 'queue', {}, byCustomer),
  working('owes', 'queue', { schedule: assetAndTime(cron('0 0 1 1 *'), asset('s3://flights/owes')) }),
  working('mixed', 'skip', { schedule: assetOrTime(cron('0 0 1 1 *'), asset('s3://flights/mixed')) }),
];

let tidegate: Tidegate;
let http: ReturnType<typeof supertest>;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
  http = supertest(createApp({ ...tidegate.deps, temporalUiUrl: undefined, version: '0' }));
});
afterAll(async () => {
  for (const latch of latches.values()) latch.open();
  await tidegate.stop();
});

const ask = async (dagId: string, dag_run_id: string, conf: object = {}) => {
  const { status, body } = await http.post(`/api/v2/dags/${dagId}/dagRuns`).send({ dag_run_id, conf });
  return { status, ...body };
};
const letGo = (dagId: string, runId: string) => latchOf(`${dagId} ${runId}`).open();
const begun = (dagId: string, runId: string) =>
  eventually(async () => (await tidegate.tasksOf(dagId, runId)).length > 0);
const statesOf = async (dagId: string) =>
  Object.fromEntries((await tidegate.runsOf(dagId)).map(({ run_id, state }) => [run_id, state]));
const gateOf = async (dagId: string) => (await http.get(`/api/v2/dags/${dagId}/gate`)).body;
const isIdle = (dagId: string) =>
  eventually(async () => (await tidegate.gate(dagId)).activeRuns.length === 0);
const eventRuns = async (dagId: string, count: number) =>
  eventually(async () => {
    const runs = await tidegate.runsOf(dagId);
    return runs.length === count && runs.map(({ run_id }) => run_id);
  });

describe('skip', () => {
  it('refuses a request while a run of its key goes on, and takes those of other keys', async () => {
    expect(await ask('skips', 'a1', { customer: 'a' })).toMatchObject({
      status: 200,
      single_flight_key: 'a',
    });
    expect(await ask('skips', 'a2', { customer: 'a' })).toMatchObject({
      ...{ status: 409, code: 'run_in_flight' },
      detail: expect.stringMatching(/^DAG skips has run a1 .+ \(single flight of key "a"\): ask again/),
    });
    expect(await ask('skips', 'b1', { customer: 'b' })).toMatchObject({ status: 200 });
    expect(await ask('skips', 'a1', { customer: 'a' })).toMatchObject({ status: 409, code: 'run_exists' });
    await begun('skips', 'a1');
    expect(await ask('skips', 'a2', { customer: 'a' })).toMatchObject({ status: 409, code: 'run_in_flight' });
    letGo('skips', 'a1');
    await tidegate.closed('skips', 'a1');
    expect(await ask('skips', 'a2', { customer: 'a' })).toMatchObject({ status: 200 });
    for (const run of ['b1', 'a2']) letGo('skips', run);
    await tidegate.runsClosed('skips', 3);
  });

  it('refuses a run that is to run again just so', async () => {
    expect(await ask('skips', 'c1', { customer: 'c' })).toMatchObject({ status: 200 });
    letGo('skips', 'c1');
    await tidegate.closed('skips', 'c1');
    expect(await ask('skips', 'c2', { customer: 'c' })).toMatchObject({ status: 200 });
    const again = { dry_run: false, only_failed: false };
    const refused = await http.post('/api/v2/dags/skips/dagRuns/c1/clear').send(again);
    expect(refused.body).toMatchObject({
      status: 409,
      code: 'run_in_flight',
      detail: expect.stringContaining('c2'),
    });
    letGo('skips', 'c2');
    await tidegate.closed('skips', 'c2');
    expect((await http.post('/api/v2/dags/skips/dagRuns/c1/clear').send(again)).status).toBe(200);
    await eventually(
      async () => (await tidegate.runsOf('skips')).find(({ run_id }) => run_id === 'c1')?.attempt === 2,
    );
    await tidegate.closed('skips', 'c1');
  });

  it('writes down a time of its schedule that it skips, with the reason, and does not make up for it', async () => {
    await ask('skips_ticks', 'long');
    await begun('skips_ticks', 'long');
    const dagId = parseDagId('skips_ticks');
    for (const nominalAt of [1_000_000, 1_000_000])
      await requestTick(tidegate.deps, dagId, { nominalAt, previousAt: null });
    const { body } = await http.get('/api/v2/dags/skips_ticks/dagRuns?run_type=scheduled');
    expect(body.dag_runs).toMatchObject([
      {
        ...{ state: 'failed', start_date: null, ticks: [new Date(1_000_000).toISOString()] },
        state_reason: 'skipped: run long went on or waited (single flight)',
      },
    ]);
    expect((await readKnownTimes(tidegate.deps.db, dagId, [1_000_000])).size).toBe(1);
    letGo('skips_ticks', 'long');
    await tidegate.closed('skips_ticks', 'long');
    await isIdle('skips_ticks');
    expect((await tidegate.runsOf('skips_ticks')).length).toBe(2);
  });

  it('keeps events that come meanwhile, and opens the run of all of them when the other one is over', async () => {
    await ask('mixed', 'by_hand');
    await begun('mixed', 'by_hand');
    const posted = [
      ...(await tidegate.post('s3://flights/mixed')),
      ...(await tidegate.post('s3://flights/mixed')),
    ];
    await eventually(async () => {
      const [queued] = Object.values((await tidegate.gate('mixed')).gate.queued);
      return queued?.count === 2;
    });
    expect((await gateOf('mixed')).sentence).toBe(
      'All it needs has arrived; waits for the end of run by_hand (single flight).',
    );
    letGo('mixed', 'by_hand');
    letGo('mixed', `asset__${posted.at(-1)}`);
    const runs = await tidegate.runsClosed('mixed', 2);
    expect(runs[1]).toMatchObject({ run_id: `asset__${posted.at(-1)}`, flight_key: '' });
    expect((await tidegate.tasksOf('mixed', runs[1]?.run_id ?? ''))[0]?.result).toMatchObject({
      seen: posted,
    });
  });
});

describe('queue', () => {
  it('lets one wait behind the one that goes on, and the next requests become part of that', async () => {
    await ask('queues', 'a1', { customer: 'a' });
    await begun('queues', 'a1');
    expect(await ask('queues', 'a2', { customer: 'a', n: 2 })).toMatchObject({
      dag_run_id: 'a2',
      was_folded: false,
    });
    expect(await ask('queues', 'a3', { customer: 'a', n: 3 })).toMatchObject({
      ...{ status: 200, dag_run_id: 'a2', was_folded: true, folded_requests: 1 },
    });
    await ask('queues', 'b1', { customer: 'b' });
    await begun('queues', 'b1');
    expect(await statesOf('queues')).toEqual({ a1: 'running', a2: 'queued', b1: 'running' });
    expect(await gateOf('queues')).toMatchObject({
      sentence: 'Requested run a2 waits for the end of run a1 (single flight of key "a").',
      in_flight: [
        { dag_run_id: 'a1', key: 'a', is_stopping: false },
        { dag_run_id: 'b1', key: 'b', is_stopping: false },
      ],
      held_back: { dag_run_id: 'a2', waits_for: 'a1', key: 'a' },
    });
    for (const run of ['a1', 'a2', 'b1']) letGo('queues', run);
    await tidegate.runsClosed('queues', 3);
    expect((await tidegate.tasksOf('queues', 'a2'))[0]?.result).toMatchObject({ customer: 'a', n: 3 });
  });

  it('never has two of a key however many are asked for at once', async () => {
    for (let nth = 0; nth < 12; nth += 1) letGo('queues', `many_${nth}`);
    const asked = await Promise.all(
      Array.from({ length: 12 }, (_, nth) => ask('queues', `many_${nth}`, { customer: 'many' })),
    );
    expect(asked.filter(({ status }) => status !== 200)).toEqual([]);
    await isIdle('queues');
    await eventually(
      async () =>
        !Object.values(await statesOf('queues')).some((one) => one === 'queued' || one === 'running'),
    );
    const many = (await tidegate.runsOf('queues')).filter(({ flight_key }) => flight_key === 'many');
    expect(many.reduce((sum, { folded }) => sum + 1 + folded, 0)).toBe(12);
    expect(crowded).toEqual([]);
  });

  it('opens a run of all events that came while one went on', async () => {
    const [first] = await tidegate.post('s3://flights/queued');
    await begun('event_queues', `asset__${first}`);
    const posted = [];
    for (let nth = 0; nth < 3; nth += 1) posted.push(...(await tidegate.post('s3://flights/queued')));
    await eventually(
      async () => Object.values((await tidegate.gate('event_queues')).gate.queued)[0]?.count === 3,
    );
    expect(await tidegate.runsOf('event_queues')).toHaveLength(1);
    letGo('event_queues', `asset__${first}`);
    letGo('event_queues', `asset__${posted.at(-1)}`);
    await tidegate.runsClosed('event_queues', 2);
    expect((await tidegate.tasksOf('event_queues', `asset__${posted.at(-1)}`))[0]?.result).toMatchObject({
      seen: posted,
    });
  });

  it('opens runs of one event each one after the other', async () => {
    const posted = [];
    for (let nth = 0; nth < 3; nth += 1) posted.push(...(await tidegate.post('s3://flights/each')));
    for (const [index, seq] of posted.entries()) {
      await begun('one_each', `asset__${seq}`);
      expect(await tidegate.runsOf('one_each')).toHaveLength(index + 1);
      letGo('one_each', `asset__${seq}`);
    }
    await tidegate.runsClosed('one_each', 3);
  });

  it('holds the run of ticks that wait for assets until the one that goes on has ended', async () => {
    await ask('owes', 'by_hand');
    await begun('owes', 'by_hand');
    const dagId = parseDagId('owes');
    await requestTick(tidegate.deps, dagId, { nominalAt: 1_000_000, previousAt: null });
    const [seq] = await tidegate.post('s3://flights/owes');
    await eventually(async () => (await tidegate.gate('owes')).heldBack?.ticks !== undefined);
    // Further ticks become part of it.
    await requestTick(tidegate.deps, dagId, { nominalAt: 2_000_000, previousAt: 1_000_000 });
    const [, tick] = await tidegate.runsOf('owes');
    expect((await gateOf('owes')).held_back).toMatchObject({
      dag_run_id: tick?.run_id,
      waits_for: 'by_hand',
    });
    letGo('owes', 'by_hand');
    letGo('owes', tick?.run_id ?? '');
    await tidegate.runsClosed('owes', 2);
    expect((await tidegate.tasksOf('owes', tick?.run_id ?? ''))[0]?.result).toMatchObject({ seen: [seq] });
    expect((await http.get(`/api/v2/dags/owes/dagRuns/${tick?.run_id}`)).body.ticks).toHaveLength(2);
  });

  it('holds runs of partitions by their keys alone', async () => {
    const eu = await tidegate.postWith('s3://flights/keyed', { partition: 'eu' });
    await begun('by_partition', `asset__${eu}__eu`);
    const later = await tidegate.postWith('s3://flights/keyed', { partition: 'eu' });
    const us = await tidegate.postWith('s3://flights/keyed', { partition: 'us' });
    await begun('by_partition', `asset__${us}__us`);
    expect(await eventRuns('by_partition', 2)).toEqual([`asset__${eu}__eu`, `asset__${us}__us`]);
    expect((await gateOf('by_partition')).sentence).toContain(`waits for the end of run asset__${eu}__eu`);
    expect(await ask('by_partition', 'by_hand')).toMatchObject({ status: 400, code: 'invalid_input' });
    for (const run of [`${eu}__eu`, `${later}__eu`, `${us}__us`]) letGo('by_partition', `asset__${run}`);
    await tidegate.runsClosed('by_partition', 3);
  });

  it('holds after an edit what went on before it', async () => {
    const others = dags.filter(({ id }) => id !== 'changes');
    await ask('changes', 'one', { customer: 'a' });
    await begun('changes', 'one');
    await tidegate.deploy([...others, working('changes', 'queue')]);
    await eventually(async () => (await tidegate.gate('changes')).singleFlight?.key === '');
    await ask('changes', 'two', { customer: 'b' });
    await eventually(async () => (await gateOf('changes')).held_back?.waits_for === 'one');
    await tidegate.deploy(dags);
    await eventually(async () => (await tidegate.gate('changes')).singleFlight?.key === byCustomer);
    // They are of two keys again.
    await begun('changes', 'two');
    expect(await statesOf('changes')).toEqual({ one: 'running', two: 'running' });
    for (const run of ['one', 'two']) letGo('changes', run);
    await tidegate.runsClosed('changes', 2);
  });
});

describe('cancel_running', () => {
  it('cancels the run that goes on for the newest request, which starts when that has ended', async () => {
    await ask('cancels', 'one');
    await begun('cancels', 'one');
    expect(await ask('cancels', 'two', { n: 2 })).toMatchObject({ status: 200, dag_run_id: 'two' });
    expect(await tidegate.closed('cancels', 'one')).toMatchObject({
      ...{ state: 'failed', reason: 'cancelled for a newer run (single flight)' },
    });
    await begun('cancels', 'two');
    letGo('cancels', 'two');
    expect(await tidegate.closed('cancels', 'two')).toMatchObject({ state: 'success' });
  });

  it('leaves the run that goes on alone while the DAG is paused, and cancels it when it is resumed', async () => {
    await isIdle('cancels');
    await ask('cancels', 'three');
    await begun('cancels', 'three');
    await setPaused(tidegate.deps, parseDagId('cancels'), true);
    await ask('cancels', 'four');
    expect(await ask('cancels', 'five', { n: 5 })).toMatchObject({ dag_run_id: 'four', was_folded: true });
    expect(
      (await tidegate.runsOf('cancels')).find(({ run_id }) => run_id === 'three')?.wanted_state,
    ).toBeNull();
    await setPaused(tidegate.deps, parseDagId('cancels'), false);
    expect(await tidegate.closed('cancels', 'three')).toMatchObject({ state: 'failed' });
    letGo('cancels', 'four');
    expect(await tidegate.closed('cancels', 'four')).toMatchObject({ state: 'success', conf: { n: 5 } });
  });

  it('cancels the run that goes on when events ask for another one, which takes them', async () => {
    const [first] = await tidegate.post('s3://flights/cancelled');
    await begun('event_cancels', `asset__${first}`);
    const [second] = await tidegate.post('s3://flights/cancelled');
    letGo('event_cancels', `asset__${second}`);
    expect(await tidegate.closed('event_cancels', `asset__${first}`)).toMatchObject({ state: 'failed' });
    await tidegate.closed('event_cancels', `asset__${second}`);
    expect((await tidegate.tasksOf('event_cancels', `asset__${second}`))[0]?.result).toMatchObject({
      seen: [second],
    });
  });
});

describe('whatever happened', () => {
  it('had no two runs of a key at a time, and follows from what reached the consumers', async () => {
    expect(crowded).toEqual([]);
    expect(await stepViolations(tidegate.deps.db)).toEqual([]);
  });
});
