import { sql } from 'kysely';
import { prepared } from '../../store/prepared.ts';
import { openDatabase } from '../../store/database.ts';
import { startStore, type TestStore } from '../support/store.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.stop());

describe('a prepared statement', () => {
  it('is kept by its connection, and in the end planned once for all; others are not kept', async () => {
    const db = openDatabase({ ...store.place, maxConnections: 1 });
    const twice = async (of: number) =>
      (await sql<{ twice: number }>`select ${of}::int * 2 as twice ${prepared}`.execute(db)).rows;
    for (let of = 1; of <= 8; of += 1) expect(await twice(of)).toEqual([{ twice: 2 * of }]);
    await sql`select ${1}::int`.execute(db);
    const { rows } = await sql<{ statement: string; generic_plans: number }>`
      select statement, generic_plans::int from pg_prepared_statements`.execute(db);
    await db.destroy();
    expect(rows).toEqual([{ statement: expect.stringContaining('as twice'), generic_plans: 3 }]);
  });

  it('goes on when a table it reads has got another column, and when its connection was lost', async () => {
    const db = openDatabase({ ...store.place, maxConnections: 1 });
    const count = async () =>
      (
        await sql<{ count: number }>`
          with all_of_it as (select * from project) select count(*)::int as count from all_of_it ${prepared}`.execute(
          db,
        )
      ).rows[0]?.count;
    expect(await count()).toBe(1);
    await sql`alter table project add column added_meanwhile int`.execute(store.db);
    expect(await count()).toBe(1);
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and query like '%all_of_it%prepared%'`.execute(
      store.db,
    );
    await count().catch(() => undefined);
    expect(await count()).toBe(1);
    await db.destroy();
  });
});
