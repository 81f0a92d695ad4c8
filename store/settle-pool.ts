import { sql } from 'kysely';
import type { PoolPlan } from '../core/pool.ts';
import { grantNext } from '../core/pool-grants.ts';
import { mostBefore, whyWaiting } from '../core/pool-waiting.ts';
import type { Db } from './database.ts';
import type { Tx } from './log.ts';
import {
  answerAsks,
  deleteLeases,
  type GrantedLease,
  insertLeases,
  type LeaseAsk,
  type LeaseHolder,
  nameOf,
} from './pool-leases.ts';
import { countHeld, readRing, sumUpKeys, writeGrants } from './pool-ring.ts';
import { poolOf, type PoolRow } from './pools.ts';

/** What there is to settle of one pool. */
export interface PoolSettlement {
  readonly asks: readonly LeaseAsk[];
  /** What is held, or waited for, no more. */
  readonly returns: readonly LeaseHolder[];
}

/** What became of what was asked for; `why` is for people, and only true for a moment. */
export type LeaseAnswer = { readonly kind: 'granted' } | { readonly kind: 'waiting'; readonly why: string };

export interface Settled {
  /** In the order of what was asked for. */
  readonly answers: readonly LeaseAnswer[];
  /** Others, that waited: they are to be told. */
  readonly granted: readonly GrantedLease[];
  /** In how many milliseconds the rate allows whoever is next to start; `null` where that keeps nobody back. */
  readonly nextInMs: number | null;
}

interface PoolState extends PoolRow {
  readonly starts: readonly number[];
  readonly turn: number;
  readonly now: number;
}

/** Most keys, and most requests of each, that one step of a decision looks at. */
const mostAtOnce = 50;

/** Takes back and writes down, then gives what is free; one transaction at a time decides about a pool. Told again, it changes nothing. */
export async function settlePool(db: Db, name: string, settlement: PoolSettlement): Promise<Settled> {
  return db.transaction().execute(async (tx) => {
    const { asks, returns } = settlement;
    const state = await lockPool(tx, name);
    const freed = await deleteLeases(tx, name, returns);
    // A pool that was removed keeps nobody waiting.
    if (state === undefined)
      return { answers: asks.map(() => ({ kind: 'granted' })), granted: [], nextInMs: null };
    const added = await insertLeases(tx, name, asks);
    const turn = await sumUpKeys(tx, name, [...new Set([...freed, ...added])], { ...state, isTurn: false });
    const decided = await giveFree(tx, { ...state, turn });
    await writeState(tx, state, decided);
    const asked = new Set(asks.map(nameOf));
    return {
      answers: await answersTo(tx, asks, { pool: poolOf(state), nextAt: decided.nextAt }),
      granted: decided.granted.filter((lease) => !asked.has(nameOf(lease))),
      nextInMs: decided.nextAt === null ? null : Math.max(0, decided.nextAt - state.now),
    };
  });
}

async function lockPool(tx: Tx, name: string): Promise<PoolState | undefined> {
  const { rows } = await sql<PoolState>`
    select name, slots, slots_per_key, rate, starts, turn, (extract(epoch from clock()) * 1000)::bigint as now
    from pool where name = ${name} for no key update`.execute(tx);
  return rows[0];
}

interface Decided {
  readonly granted: readonly GrantedLease[];
  readonly starts: readonly number[];
  readonly turn: number;
  readonly nextAt: number | null;
}

/** Lets the core decide, step by step, until nothing more can be given. */
async function giveFree(tx: Tx, state: PoolState): Promise<Decided> {
  const pool = poolOf(state);
  let decided: Decided = { granted: [], starts: state.starts, turn: state.turn, nextAt: null };
  for (;;) {
    const held = await countHeld(tx, pool);
    const free = (pool.slots ?? Infinity) - held;
    if (free <= 0) return { ...decided, nextAt: null };
    const limit = Math.min(free, mostAtOnce);
    const ring = await readRing(tx, pool, limit);
    const next = grantNext(pool, { now: state.now, held, starts: decided.starts, ring });
    if (next.granted.length === 0) return { ...decided, starts: next.starts, nextAt: next.nextAt };
    const granted = await writeGrants(tx, pool.name, next.granted, new Date(state.now));
    const served = [...new Set(next.granted.map(({ key }) => key).toReversed())].toReversed();
    const turn = await sumUpKeys(tx, pool.name, served, { turn: decided.turn, isTurn: true });
    decided = { granted: [...decided.granted, ...granted], starts: next.starts, turn, nextAt: next.nextAt };
    // What it was shown was enough: nothing more fits.
    if (next.granted.length < limit) return decided;
  }
}

async function writeState(tx: Tx, before: PoolState, { starts, turn, nextAt }: Decided): Promise<void> {
  const next = nextAt === null ? null : new Date(nextAt);
  await sql`
    update pool set starts = ${JSON.stringify(starts)}::jsonb, turn = ${turn}, next_at = ${next}
    where name = ${before.name}
      and (starts, turn, next_at) is distinct from (${JSON.stringify(starts)}::jsonb, ${turn}::bigint, ${next}::timestamptz)`.execute(
    tx,
  );
}

async function answersTo(
  tx: Tx,
  asks: readonly LeaseAsk[],
  { pool, nextAt }: { readonly pool: PoolPlan; readonly nextAt: number | null },
): Promise<readonly LeaseAnswer[]> {
  const waiting = await answerAsks(tx, asks);
  if (waiting.size === 0) return asks.map(() => ({ kind: 'granted' }));
  const { rows: line } = await sql<{ number: number }>`
    select number from pool_lease where pool = ${pool.name} and granted_at is null order by number limit ${mostBefore}`.execute(
    tx,
  );
  const before = new Map(line.map(({ number }, index) => [number, index]));
  const { rows: keys } = await sql<{ key: string; held: number }>`
    select key, held from pool_key
    where pool = ${pool.name} and key = any(${[...new Set([...waiting.values()].map(({ key }) => key))]}::text[])`.execute(
    tx,
  );
  const heldBy = new Map(keys.map(({ key, held }) => [key, held]));
  const held = await countHeld(tx, pool);
  return asks.map((ask): LeaseAnswer => {
    const request = waiting.get(nameOf(ask));
    if (request === undefined) return { kind: 'granted' };
    const { key, number } = request;
    const place = before.get(number) ?? mostBefore;
    const wait = { pool, key, held, heldByKey: heldBy.get(key) ?? 0, before: place, nextAt };
    return { kind: 'waiting', why: whyWaiting(wait) };
  });
}
