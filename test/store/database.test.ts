import { sql } from 'kysely';
import { setTimeout as delay } from 'node:timers/promises';
import { type Db, openDatabase } from '../../store/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

describe('a connection to Postgres', () => {
  let database: TestDatabase;
  let db: Db;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = openDatabase({ url: database.url });
  });

  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  it('that breaks between two statements of a transaction fails the next one, and nothing else', async () => {
    const broken = db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(db);
      // The news of it comes while no statement waits for an answer.
      await delay(200);
      await sql`select 1`.execute(tx);
    });
    await expect(broken).rejects.toThrow(/not queryable|terminat/);
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }]);
  });

  it('never compiles statements, which are shorter than that takes', async () => {
    expect((await sql`show jit`.execute(db)).rows).toEqual([{ jit: 'off' }]);
  });
});
