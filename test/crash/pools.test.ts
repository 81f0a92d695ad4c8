import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Crash, startCrash } from '../support/crash.ts';
import type { FaultPoint } from '../support/faults.ts';
import { eventually } from '../support/tidegate.ts';

// Runs whose mapped tasks share a pool of two slots, while workers are killed between asking, granting, telling, holding and giving back.

const slots = 2;
/** Written down by Postgres itself, so that no moment is missed. */
const watch = async ({ deps: { db } }: Crash): Promise<void> => {
  for (const statement of [
    `create table most_seen (what text primary key, count int not null)`,
    `create function see_held() returns trigger language plpgsql as $$begin
      insert into most_seen select 'held', coalesce(sum(slots), 0) from pool_lease where granted_at is not null
      on conflict (what) do update set count = greatest(most_seen.count, excluded.count);
      return null;
    end$$`,
    `create function see_running() returns trigger language plpgsql as $$begin
      insert into most_seen select 'running', count(*) from task_run where task_id = 'each' and state = 'running'
      on conflict (what) do update set count = greatest(most_seen.count, excluded.count);
      return null;
    end$$`,
    `create trigger see_held after insert or update on pool_lease for each statement execute function see_held()`,
    `create trigger see_running after insert or update on task_run for each statement execute function see_running()`,
  ])
    await sql.raw(statement).execute(db);
};
const mostSeen = async ({ deps: { db } }: Crash) => {
  const { rows } = await sql<{ what: string; count: number }>`select what, count from most_seen`.execute(db);
  return Object.fromEntries(rows.map(({ what, count }) => [what, count]));
};
const leases = async ({ deps: { db } }: Crash) => {
  const rows = await db.selectFrom('pool_lease').select(['run_id', 'granted_at']).execute();
  return rows.map(({ run_id, granted_at }) => `${run_id} ${granted_at === null ? 'waits' : 'holds'}`);
};

/** Waits until all runs of the pool are closed and nothing is held. @returns how they ended */
const ended = async (crash: Crash, count: number) => {
  const runs = await eventually(async () => {
    const found = await crash.runsOf('narrow');
    return found.length === count && found.every(({ ended_at }) => ended_at !== null) && found;
  });
  await eventually(async () => (await leases(crash)).length === 0, 5_000).catch(() => undefined);
  return runs.map(({ state }) => state);
};
const successes = (count: number) => Array.from({ length: count }, () => 'success');

describe('a pool whose worker is killed', () => {
  let crash: Crash;
  let runs = 0;
  beforeAll(async () => {
    crash = await startCrash();
    await watch(crash);
  });
  afterAll(() => crash.stop());

  it.each<FaultPoint>([
    'after activity exchangeSlots',
    'before commit of a grant',
    'after commit of a grant',
    'before signal slotsGranted',
    'after signal slotsGranted',
    'before commit of a task success',
    'before activity exchangeSlots',
    'before commit of a return',
    'after commit of a return',
  ])('%s leaks no slot, and never has more held than it has', async (point) => {
    const worker = await crash.worker();
    // Somebody waits by then, so that what is given back is granted to others.
    await crash.trigger('narrow');
    await eventually(async () => (await leases(crash)).some((lease) => lease.endsWith('waits')));
    await worker.killAt(point);
    await crash.trigger('narrow');
    runs += 2;
    await worker.broken();
    await crash.worker();
    expect(await ended(crash, runs)).toEqual(successes(runs));
    expect(await leases(crash)).toEqual([]);
    expect(await mostSeen(crash)).toEqual({ held: slots, running: slots });
  });
});

describe('a pool whose Postgres is killed', () => {
  it('leaks no slot, and never has more held than it has', async () => {
    const crash = await startCrash({ hasOwnPostgres: true });
    try {
      await watch(crash);
      await crash.worker();
      for (let run = 0; run < 4; run += 1) await crash.trigger('narrow');
      await eventually(async () => (await leases(crash)).some((lease) => lease.endsWith('waits')));
      const revive = await crash.servers.killPostgres();
      // Everybody has to notice before it is back.
      await delay(500);
      await revive();
      expect(await ended(crash, 4)).toEqual(successes(4));
      expect(await leases(crash)).toEqual([]);
      expect(await mostSeen(crash)).toEqual({ held: slots, running: slots });
    } finally {
      await crash.stop();
    }
  });
});
