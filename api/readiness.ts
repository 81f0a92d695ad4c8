import { pendingMigrations } from '../store/migrate.ts';
import { outageOf } from '../store/outage.ts';
import type { Temporal } from '../temporal/deps.ts';
import type { ApiDeps } from './deps.ts';

const answerWithinMs = 3_000;

/** What one of the servers behind the API lacks; `undefined` when nothing. */
export type Lack = string | undefined;

/** Whether Postgres answers in time, and its schema is of this version. */
export async function lackOfDatabase({ db }: Pick<ApiDeps, 'db'>): Promise<Lack> {
  try {
    const pending = await inTime(pendingMigrations(db));
    return pending.length === 0
      ? undefined
      : `DATABASE_URL: Postgres is not migrated: ${pending.join(', ')} missing`;
  } catch (error) {
    return `DATABASE_URL: Postgres does not answer: ${outageOf(error) ?? messageOf(error)}`;
  }
}

/** Whether Temporal answers in time, and has the namespace. */
export async function lackOfTemporal({ temporal }: { readonly temporal: Temporal }): Promise<Lack> {
  const { client, namespace } = temporal;
  try {
    await client.connection.withDeadline(Date.now() + answerWithinMs, () =>
      client.workflowService.describeNamespace({ namespace }),
    );
    return undefined;
  } catch (error) {
    return `TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE ${namespace}: Temporal does not answer: ${messageOf(error)}`;
  }
}

async function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${answerWithinMs} ms`)), answerWithinMs);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
