import fc from 'fast-check';
import { sql } from 'kysely';
import { parseDagId, parseTaskId, type RunId } from '../../core/ids.ts';
import type { PoolPlan } from '../../core/pool.ts';
import { type Db, openDatabase } from '../../store/database.ts';
import { type LeaseAsk, type LeaseHolder, nameOf } from '../../store/pool-leases.ts';
import { findDeadLeases, findDuePools, findUntold, markTold } from '../../store/pool-sweep.ts';
import { writePools } from '../../store/pools.ts';
import { closeRun } from '../../store/runs.ts';
import { settlePool } from '../../store/settle-pool.ts';
import { failTry } from '../../store/task-runs.ts';
import { happen, type PoolStory, untouched } from '../core/pool-story.ts';
import { setClock } from '../support/clock.ts';
import { aDagPlan } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const dagId = parseDagId('holds');
const taskId = parseTaskId('work');

let store: TestStore;
let runId: RunId;
beforeAll(async () => {
  store = await startStore([aDagPlan({ dagId })]);
  runId = await store.request(dagId, 'open');
});
afterAll(() => store.stop());

let asked = 0;
const anAsk = (key = 'a', slots = 1, of: Partial<LeaseHolder> = {}): LeaseAsk => {
  asked += 1;
  return { dagId, runId, attempt: 1, taskId, mapIndex: asked, key, slots, workflowId: 'w', ...of };
};
const declare = (...pools: readonly PoolPlan[]) =>
  store.db.transaction().execute((tx) => writePools(tx, pools));
const settle = (
  pool: string,
  asks: readonly LeaseAsk[],
  returns: readonly LeaseHolder[] = [],
  db: Db = store.db,
) => settlePool(db, pool, { asks, returns });
const kinds = async (settled: ReturnType<typeof settle>) => (await settled).answers.map(({ kind }) => kind);
const heldOf = async (pool: string) => {
  const { rows } = await sql<{ held: number }>`
    select coalesce(sum(slots), 0)::int as held from pool_lease where pool = ${pool} and granted_at is not null`.execute(
    store.db,
  );
  return rows[0]?.held;
};

describe('a lease', () => {
  it('is the same one when it is asked for again, and when it is given back again', async () => {
    await declare({ name: 'one', slots: 1 });
    const [first, second] = [anAsk(), anAsk()];
    expect(await kinds(settle('one', [first, first, second]))).toEqual(['granted', 'granted', 'waiting']);
    expect(await kinds(settle('one', [second, first]))).toEqual(['waiting', 'granted']);
    expect(await heldOf('one')).toBe(1);
    const { granted } = await settle('one', [], [first, first]);
    expect(granted.map(nameOf)).toEqual([nameOf(second)]);
    expect((await settle('one', [], [first])).granted).toEqual([]);
    expect(await heldOf('one')).toBe(1);
    expect(await kinds(settle('one', [second]))).toEqual(['granted']);
    await settle('one', [], [second]);
    const { rows } = await sql`select from pool_key where pool = 'one'`.execute(store.db);
    expect(rows).toEqual([]);
  });

  it('goes to the keys in turns, whatever waits for each of them', async () => {
    await declare({ name: 'turns', slots: 1 });
    const asks = ['a', 'a', 'a', 'b', 'b', 'c'].map((key) => anAsk(key));
    await settle('turns', asks);
    const order = ['a'];
    for (let last = asks[0]; last !== undefined;) {
      const { granted } = await settle('turns', [], [last]);
      last = asks.find((ask) => granted.some((lease) => nameOf(lease) === nameOf(ask)));
      if (last !== undefined) order.push(last.key);
    }
    expect(order.join('')).toBe('abcaba');
  });

  it('is not written for a run that is closed, or a task that has ended: whoever tells that is late', async () => {
    await declare({ name: 'late', slots: 1 });
    const closed = await store.request(dagId, 'closed');
    const tried = await store.begin(dagId, runId, 'ended');
    await failTry(store.db, tried, 'it broke', true);
    await closeRun(store.db, { dagId, runId: closed, attempt: 1, state: 'failed', reason: null, ends: {} });
    const late = [
      anAsk('a', 1, { runId: closed }),
      { ...anAsk(), taskId: parseTaskId('ended'), mapIndex: -1 },
      anAsk('a', 1, { attempt: 2 }),
    ];
    expect(await kinds(settle('late', late))).toEqual(['granted', 'granted', 'granted']);
    expect(await heldOf('late')).toBe(0);
  });

  it('says why it waits', async () => {
    await declare({ name: 'full', slots: 2 }, { name: 'keyed', slotsPerKey: 1 });
    const { answers } = await settle('full', [anAsk('a', 2), anAsk('b'), anAsk('a')]);
    expect(answers).toMatchObject([
      { kind: 'granted' },
      { why: 'waits for a slot of pool full: 2 of 2 held, 0 before it' },
      { why: 'waits for a slot of pool full: 2 of 2 held, 1 before it' },
    ]);
    const keyed = await settle('keyed', [anAsk('a'), anAsk('a')]);
    expect(keyed.answers).toMatchObject([
      { kind: 'granted' },
      { why: 'waits for a slot of pool keyed: 1 of 1 held for key a, 0 before it' },
    ]);
  });
});

describe('any story of a pool', () => {
  it('is in the store as the core tells it: who is granted, in which order, and who waits', async () => {
    const pool = { name: 'story', slots: 3, slotsPerKey: 2 };
    const events = fc.array(
      fc.oneof(
        {
          weight: 2,
          arbitrary: fc.record({
            kind: fc.constant('ask' as const),
            key: fc.constantFrom('a', 'b', 'c'),
            slots: fc.constantFrom(1, 1, 2),
          }),
        },
        { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(5) }) },
      ),
      { maxLength: 25 },
    );
    await fc.assert(
      fc.asyncProperty(events, async (told) => {
        await sql`delete from pool_lease where pool = 'story'`.execute(store.db);
        await declare();
        await declare(pool);
        const asks: LeaseAsk[] = [];
        const granted: string[] = [];
        let story: PoolStory = untouched;
        for (const event of told) {
          const done =
            event.kind === 'end' ? story.holding[event.which % Math.max(1, story.holding.length)] : undefined;
          const ask = event.kind === 'ask' ? anAsk(event.key, event.slots) : undefined;
          if (ask !== undefined) asks.push(ask);
          const given = done === undefined ? undefined : asks[done.number];
          const settled = await settle('story', ask ? [ask] : [], given ? [given] : []);
          if (ask !== undefined && settled.answers[0]?.kind === 'granted') granted.push(nameOf(ask));
          granted.push(...settled.granted.map(nameOf).toSorted());
          story = happen(pool, story, event);
        }
        const known = story.history.map(({ number }) => nameOf(asks[number] ?? anAsk()));
        expect(granted.toSorted()).toEqual(known.toSorted());
        const { rows } = await sql<{ map_index: number }>`
          select map_index from pool_lease where pool = 'story' and granted_at is null order by number`.execute(
          store.db,
        );
        expect(rows.map(({ map_index }) => map_index)).toEqual(
          story.waiting.map(({ number }) => asks[number]?.mapIndex),
        );
        const ring = await sql<{ key: string }>`
          select key from pool_key where pool = 'story' and next_slots is not null order by place`.execute(
          store.db,
        );
        expect(ring.rows.map(({ key }) => key)).toEqual(story.ring);
      }),
      { numRuns: 25 },
    );
  });
});

describe('processes that ask at once', () => {
  it('never get more than there is, and all get theirs in the end', async () => {
    await declare({ name: 'raced', slots: 3, slotsPerKey: 2 });
    const others = [0, 1, 2].map(() => openDatabase(store.place));
    try {
      const held: number[] = [];
      let [inside, most] = [0, 0];
      const waiting = new Map<string, () => void>();
      const tell = (granted: readonly LeaseHolder[]) => {
        for (const lease of granted) waiting.get(nameOf(lease))?.();
      };
      await Promise.all(
        Array.from({ length: 45 }, async (_, index) => {
          const db = others[index % 3];
          const ask = anAsk(`key ${index % 4}`);
          const told = new Promise<void>((resolve) => {
            waiting.set(nameOf(ask), resolve);
          });
          const { answers, granted } = await settle('raced', [ask], [], db);
          tell(granted);
          if (answers[0]?.kind === 'waiting') await told;
          inside += 1;
          most = Math.max(most, inside);
          held.push((await heldOf('raced')) ?? 0);
          inside -= 1;
          tell((await settle('raced', [], [ask], db)).granted);
        }),
      );
      expect(Math.max(...held)).toBeLessThanOrEqual(3);
      expect(most).toBeLessThanOrEqual(3);
      expect(held).toHaveLength(45);
      expect(await heldOf('raced')).toBe(0);
    } finally {
      await Promise.all(others.map((db) => db.destroy()));
    }
  });
});

describe('a rate', () => {
  it('is kept over its window by the clock of the store, and says when the next start is', async () => {
    await declare({ name: 'calls', rate: { starts: 2, perMs: 60_000 } });
    const at = Date.UTC(2026, 0, 1);
    await setClock(store.db, new Date(at));
    const asks = [anAsk(), anAsk(), anAsk()];
    const settled = await settle('calls', asks);
    expect(settled.answers.map(({ kind }) => kind)).toEqual(['granted', 'granted', 'waiting']);
    expect(settled).toMatchObject({ nextInMs: 60_000 });
    expect(settled.answers[2]).toMatchObject({
      why: 'waits for a start of pool calls: 2 in 60 s, the next at 2026-01-01T00:01:00.000Z, 0 before it',
    });
    // Also when those that started are done.
    expect((await settle('calls', [], asks.slice(0, 2))).granted).toEqual([]);
    await setClock(store.db, new Date(at + 59_999));
    expect(await findDuePools(store.db)).not.toContain('calls');
    expect((await settle('calls', [])).granted).toEqual([]);
    await setClock(store.db, new Date(at + 60_000));
    expect(await findDuePools(store.db)).toContain('calls');
    expect((await settle('calls', [])).granted).toHaveLength(1);
    expect(await findDuePools(store.db)).not.toContain('calls');
    await setClock(store.db, 'real');
  });
});

describe('a deploy', () => {
  it('leaves a pool alone that is what it was, and has one looked at that is not', async () => {
    const pool = { name: 'edited', slots: 1, rate: { starts: 5, perMs: 1_000 } };
    await declare(pool);
    expect(await kinds(settle('edited', [anAsk(), anAsk()]))).toEqual(['granted', 'waiting']);
    await declare(pool);
    expect(await findDuePools(store.db)).toEqual([]);
    await declare({ ...pool, slots: 2 });
    expect(await findDuePools(store.db)).toEqual(['edited']);
    expect((await settle('edited', [])).granted).toHaveLength(1);
    expect(await findDuePools(store.db)).toEqual([]);
  });

  it('that removes a pool grants what waits for it, and what is asked for later; what was held counts if it comes back', async () => {
    await declare({ name: 'gone', slots: 1 });
    const [first, second] = [anAsk(), anAsk()];
    expect(await kinds(settle('gone', [first, second]))).toEqual(['granted', 'waiting']);
    await declare();
    const untold = (await findUntold(store.db, 0)).filter((lease) => lease.pool === 'gone');
    expect(untold.map(nameOf)).toEqual([nameOf(second)]);
    expect(await kinds(settle('gone', [anAsk()]))).toEqual(['granted']);
    await declare({ name: 'gone', slots: 1 });
    const third = anAsk();
    expect(await kinds(settle('gone', [third]))).toEqual(['waiting']);
    expect((await settle('gone', [], [first])).granted).toEqual([]);
    expect((await settle('gone', [], [second])).granted.map(nameOf)).toEqual([nameOf(third)]);
  });
});

describe('the sweep', () => {
  it('finds who was not told, until somebody did', async () => {
    await declare({ name: 'told', slots: 1 });
    const [first, second] = [anAsk(), anAsk()];
    await settle('told', [first, second]);
    const untold = async () =>
      (await findUntold(store.db, 0)).filter(({ pool }) => pool === 'told').map(nameOf);
    expect(await untold()).toEqual([]);
    await settle('told', [], [first]);
    expect(await untold()).toEqual([nameOf(second)]);
    expect((await findUntold(store.db, 60_000)).map(nameOf)).not.toContain(nameOf(second));
    await markTold(store.db, [second]);
    expect(await untold()).toEqual([]);
  });

  it('finds what belongs to a run that is closed, to an attempt that is over, or to a task that has ended', async () => {
    await declare({ name: 'dead', slots: 9 });
    const over = await store.request(dagId, 'over');
    const tried = await store.begin(dagId, runId, 'ends');
    const ends = { ...anAsk(), taskId: tried.taskId, mapIndex: -1 };
    const { taskId: _task, mapIndex: _index, ...whole } = anAsk('a', 1, { runId: over });
    const asks = [anAsk('a', 1, { runId: over }), whole, ends, anAsk()];
    await settle('dead', asks);
    const dead = async () => ((await findDeadLeases(store.db)).get('dead') ?? []).map(nameOf);
    expect(await dead()).toEqual([]);
    await failTry(store.db, tried, 'it broke', true);
    expect(await dead()).toEqual([nameOf(ends)]);
    await closeRun(store.db, { dagId, runId: over, attempt: 1, state: 'failed', reason: null, ends: {} });
    expect((await dead()).toSorted()).toEqual(asks.slice(0, 3).map(nameOf).toSorted());
  });
});
