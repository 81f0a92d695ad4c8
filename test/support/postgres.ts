import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { testServer } from './server.ts';

export interface TestDatabase {
  readonly url: string;
  /** Removes it, ending connections still open. */
  drop(): Promise<void>;
}

/** A new, empty database on the server of this test run. */
export const createTestDatabase = (): Promise<TestDatabase> => createFrom('template1');

/** A new database on the server of this test run, with the schema of now. */
export async function createMigratedDatabase(): Promise<TestDatabase> {
  await (template ??= createTemplate());
  return createFrom(templateName);
}

const templateName = 'tidegate_template';
let template: Promise<void> | undefined;

/** The schema is made once a run: to copy it takes a quarter of the time. */
async function createTemplate(): Promise<void> {
  await onServer(async (client) => {
    await client.query('select pg_advisory_lock(hashtext($1))', [templateName]);
    const found = await client.query('select from pg_database where datname = $1', [templateName]);
    if (found.rowCount !== 0) return;
    const { url, name } = await createFrom('template1');
    const db = openDatabase({ url });
    await migrate(db);
    await db.destroy();
    await client.query(`alter database ${name} rename to ${templateName}`);
  });
}

async function createFrom(source: string): Promise<TestDatabase & { readonly name: string }> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer((client) => client.query(`create database ${name} template ${source}`));
  const url = new URL(testServer('TIDEGATE_TEST_POSTGRES_URL'));
  url.pathname = name;
  const drop = async (): Promise<void> => {
    await onServer((client) => client.query(`drop database if exists ${name} with (force)`));
  };
  return { name, url: url.href, drop };
}

async function onServer(act: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: testServer('TIDEGATE_TEST_POSTGRES_URL') });
  await client.connect();
  try {
    await act(client);
  } finally {
    await client.end();
  }
}
