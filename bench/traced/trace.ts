import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientOptions } from '@temporalio/client';
import type { WorkerInterceptors } from '@temporalio/worker';
import { Kysely, PostgresDialect } from 'kysely';
import { type Db, openPool } from '../../store/database.ts';
import type { Environment } from '../../temporal/environment.ts';

// What API and worker do, written down from outside: neither knows of it.

const folder = process.env['TIDEGATE_BENCH_FOLDER'] ?? '.';

/** Epoch milliseconds, with fractions, to compare with Temporal's times. */
export function wallNow(): number {
  return performance.timeOrigin + performance.now();
}

export function trace(name: string, from: number, to: number): void {
  appendFileSync(join(folder, 'trace.tsv'), `${name}\t${from}\t${to}\n`);
}

/** A database whose statements are traced by their first words. */
export function tracedDatabase({ database }: Environment): Db {
  return new Kysely({
    dialect: new PostgresDialect({ pool: openPool({ ...database, applicationName: 'tidegate-traced' }) }),
    log: ({ query, queryDurationMillis }) => {
      const to = wallNow();
      trace(`sql ${query.sql.trim().replaceAll(/\s+/g, ' ').slice(0, 90)}`, to - queryDurationMillis, to);
    },
  });
}

export const tracedClient: NonNullable<ClientOptions['interceptors']> = {
  workflow: [
    {
      signalWithStart: async (input, next) => {
        const from = wallNow();
        const answer = await next(input);
        trace('signalWithStart', from, wallNow());
        return answer;
      },
    },
  ],
};

export const tracedWorker: WorkerInterceptors = {
  activity: [
    ({ info }) => ({
      inbound: {
        execute: async (input, next) => {
          const from = wallNow();
          try {
            return await next(input);
          } finally {
            trace(`activity ${info.activityType}`, from, wallNow());
          }
        },
      },
    }),
  ],
};
