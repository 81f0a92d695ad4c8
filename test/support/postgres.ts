import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { testServer } from './server.ts';

export interface TestDatabase {
  readonly url: string;
  /** Removes it, ending connections still open. */
  drop(): Promise<void>;
}

/** A new, empty database on the server of this test run; one for each test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = testServer('TIDEGATE_TEST_POSTGRES_URL');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await execute(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, drop: () => execute(server, `drop database if exists ${name} with (force)`) };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
