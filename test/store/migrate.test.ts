import { sql } from 'kysely';
import { type Db, openDatabase } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';

// Roles belong to the server, which other tests use at the same time.
const role = `limited_${process.pid}`;

describe('a user that may create no schema', () => {
  let database: TestDatabase;
  let owner: Db;
  let limited: Db;
  beforeAll(async () => {
    database = await createTestDatabase();
    owner = openDatabase({ url: database.url });
    await sql`create role ${sql.id(role)} login password 'limited'`.execute(owner);
    const url = new URL(database.url);
    url.username = role;
    url.password = 'limited';
    limited = openDatabase({ url: url.href });
  });
  afterAll(async () => {
    await limited.destroy();
    await sql`drop owned by ${sql.id(role)} cascade`.execute(owner);
    await sql`drop role ${sql.id(role)}`.execute(owner);
    await owner.destroy();
    await database.drop();
  });

  const refusal = (message: RegExp) =>
    expect.objectContaining({ code: 'invalid_environment', message: expect.stringMatching(message) });

  it('is told so where there is none', async () => {
    await expect(migrate(limited)).rejects.toEqual(
      refusal(/may not create the schema tidegate: permission denied/),
    );
  });

  it('is told so where it may not create tables in it', async () => {
    await sql`create schema tidegate`.execute(owner);
    await sql`grant usage on schema tidegate to ${sql.id(role)}`.execute(owner);
    await expect(migrate(limited)).rejects.toEqual(
      refusal(/may not create the tables of schema tidegate: permission denied/),
    );
  });

  it('migrates a schema that it was given', async () => {
    await sql`grant create on schema tidegate to ${sql.id(role)}`.execute(owner);
    expect(await migrate(limited)).not.toEqual([]);
    expect(await migrate(limited)).toEqual([]);
  });
});
