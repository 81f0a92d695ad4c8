import { sql } from 'kysely';
import { TemplateIds } from '../../store/template-ids.ts';
import { aDagPlan, anAsset, on } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

describe('the templates of assets', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await startStore([aDagPlan({ dagId: 'on_day', condition: on(anAsset('s3://lake/day')) })]);
  });
  afterAll(() => store.stop());

  it('are answered to each who asks, also while somebody reads them anew', async () => {
    const { rows } = await sql<{ id: number }>`select id from asset`.execute(store.db);
    const day = rows[0]?.id ?? 0;
    await sql`
      with template as (insert into asset_alias (kind, name, uri)
        values ('template', 's3://lake/{{ ds }}', 's3://lake/{{ ds }}') returning id)
      insert into asset_alias_asset (alias_id, asset_id) select id, ${day} from template`.execute(store.db);
    let now = 0;
    const ids = new TemplateIds(store.db, () => now);
    const first = await ids.find([day, day + 1]);
    now += 60_000;
    const asked = ids.find([day]);
    expect([first(day), first(day + 1)]).toEqual([[expect.any(Number)], []]);
    expect((await asked)(day)).toEqual(first(day));
  });
});
