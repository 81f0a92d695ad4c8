import { setTimeout as delay } from 'node:timers/promises';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { Kysely, PostgresDialect } from 'kysely';
import type { PoolClient } from 'pg';
import { type DatabaseOptions, type Db, openPool } from '../../store/database.ts';
import type { Database } from '../../store/schema.ts';

/** Transactions that can be told apart, by a statement that only they contain. */
const transactions = [
  ['a task success', /update task_run set state = 'success'/],
  ['events', /insert into asset_event/],
  ['registration', /insert into asset_alias_asset/],
  ['claimGate', /set "epoch" = epoch \+ 1/],
  ['openRuns', /insert into run \(.*admitted_at/],
  ['admitRuns', /^update "run" set "admitted_at"/],
  ['stopRuns', /wanted_state is not null as is_told/],
  ['closeRun', /^update "run" set "state" = coalesce\(/],
  ['openAttempt', /insert into run_attempt/],
  ['requestRun', /^insert into "run" (?!.*"admitted_at")/],
  ['markSent', /^update "consumer" set "sent"/],
  ['a grant', /^update pool_lease l set granted_at/],
  ['a return', /^delete from pool_lease/],
  ['markCloseReported', /^update "run" set "is_close_reported"/],
  ['pruneLogs', /set are_logs_pruned = true/],
  ['pruneRuns', /set runs_pruned_before/],
  ['pruneEvents', /set events_pruned = events_pruned/],
  ['pruneConsumption', /delete from "consumption" t/],
] as const;

type TransactionName = (typeof transactions)[number][0];

/** A step of a worker or an API between which and the next one it can be broken. */
export type FaultPoint =
  | `before ${TransactionName}`
  | `${'before' | 'after'} commit of ${TransactionName}`
  | `${'before' | 'after'} signal ${string}`
  | `${'before' | 'after'} activity ${string}`;

/** What happens to the process there: killed for good, or stopped until it is told to go on. */
export type FaultKind = 'SIGKILL' | 'SIGSTOP';

export interface Fault {
  readonly point: FaultPoint;
  readonly kind: FaultKind;
}

/** What a test tells a process that can be broken, and what it hears from it. */
export type ToProcess = { readonly faults: readonly Fault[] };
export type FromProcess =
  | { readonly kind: 'ready'; readonly url?: string }
  | { readonly kind: 'armed' }
  | { readonly kind: 'reached'; readonly point: FaultPoint };

/** The fault points of this process. A test arms them over the channel to its parent; they come into effect one after the other. */
export class Faults {
  #faults: readonly Fault[] = [];

  /** Obeys the parent from now on, and ends with it; `armed` are faults to begin with, as JSON. */
  listen(armed = '[]'): void {
    this.#faults = JSON.parse(armed);
    process.on('message', ({ faults }: ToProcess) => {
      this.#faults = faults;
      process.send?.({ kind: 'armed' } satisfies FromProcess);
    });
    process.once('disconnect', () => process.exit(1));
  }

  /** Passes a point: here the process dies, or stands still, if that was asked for. */
  async pass(point: FaultPoint): Promise<void> {
    const [fault, ...rest] = this.#faults;
    if (fault?.point !== point) return;
    this.#faults = rest;
    const { kind } = fault;
    // A killed process needs no farewell: its end is seen, and nothing else may happen before it.
    if (kind === 'SIGSTOP') {
      await new Promise((sent) => process.send?.({ kind: 'reached', point } satisfies FromProcess, sent));
    }
    process.kill(process.pid, kind);
    // The signal may take a moment; the code behind this point must not.
    if (kind === 'SIGKILL') await new Promise(() => undefined);
    // What came while it stood still, broken connections above all, is noticed first.
    await delay(50);
  }

  /** A database whose transactions pass the points before their telling statement, before and after their commit. */
  openDatabase(options: DatabaseOptions): Db {
    const pool = openPool(options);
    pool.on('connect', (client) => this.#watch(client));
    return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  }

  readonly clientInterceptor: WorkflowClientInterceptor = {
    signal: async (input, next) => {
      await this.pass(`before signal ${input.signalName}`);
      await next(input);
      await this.pass(`after signal ${input.signalName}`);
    },
    signalWithStart: async (input, next) => {
      await this.pass(`before signal ${input.signalName}`);
      const runId = await next(input);
      await this.pass(`after signal ${input.signalName}`);
      return runId;
    },
  };

  readonly activityInterceptor: ActivityInterceptorsFactory = ({ info: { activityType } }) => ({
    inbound: {
      execute: async (input, next) => {
        await this.pass(`before activity ${activityType}`);
        const result: unknown = await next(input);
        await this.pass(`after activity ${activityType}`);
        return result;
      },
    },
  });

  #watch(client: PoolClient): void {
    const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
    let isOpen = false;
    let names: readonly TransactionName[] = [];
    const watched = async (text: unknown, ...rest: unknown[]): Promise<unknown> => {
      if (typeof text !== 'string') return query(text, ...rest);
      if (text === 'begin' || text.startsWith('start transaction')) {
        isOpen = true;
        names = [];
      }
      const found = namesOf(text);
      for (const name of found) await this.pass(`before ${name}`);
      names = isOpen ? [...names, ...found] : found;
      const isCommit = !isOpen || text === 'commit';
      if (isCommit) for (const name of names) await this.pass(`before commit of ${name}`);
      const result = await query(text, ...rest);
      if (isCommit) for (const name of names) await this.pass(`after commit of ${name}`);
      if (text === 'commit' || text === 'rollback') isOpen = false;
      return result;
    };
    Object.assign(client, { query: watched });
  }
}

function namesOf(statement: string): readonly TransactionName[] {
  return transactions.filter(([, telling]) => telling.test(statement.trim())).map(([name]) => name);
}
