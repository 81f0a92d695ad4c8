import { sql } from 'kysely';
import { parseDagId } from '../../core/ids.ts';
import { claimGate } from '../../store/claim.ts';
import { openDatabase } from '../../store/database.ts';
import { wasDeployed } from '../../store/deploy.ts';
import { aDagPlan, anAsset, anyOf, aProject, aTaskPlan, on } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';
import { eventually } from '../support/tidegate.ts';

const ORDERS = 's3://lake/orders';
const RATES = 's3://lake/rates';
const consumer = aDagPlan({ dagId: 'consumer', condition: on(anAsset(ORDERS)) });
const producer = aDagPlan({ dagId: 'producer', tasks: [aTaskPlan('make', { outlets: [anAsset(ORDERS)] })] });
const edited = { ...consumer, condition: anyOf(anAsset(ORDERS), anAsset(RATES)) };

describe('deploying a project', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await startStore([consumer, producer]);
  });
  afterEach(() => store.stop());

  const subscriptionsOf = (dagId: string) =>
    store.db
      .selectFrom('subscription')
      .select(['id', 'after_seq', 'until_seq'])
      .where('dag_id', '=', parseDagId(dagId))
      .orderBy('id')
      .execute();
  const dagOf = (dagId: string) =>
    store.db
      .selectFrom('dag')
      .select(['version', 'retired_at'])
      .where('dag_id', '=', parseDagId(dagId))
      .executeTakeFirst();

  it('takes one position for all that changes', async () => {
    const before = await store.head();
    await store.deploy([edited, { ...producer, description: 'makes orders' }]);
    expect(await store.head()).toBe(before + 1);
  });

  it('has its versions at that position; consumers that are new begin there, others go on from where they are', async () => {
    const first = await store.head();
    await store.deploy([edited, producer, aDagPlan({ dagId: 'added' })]);
    const second = await store.head();
    const versions = store.db
      .selectFrom('dag_version')
      .select(['dag_id', 'seq'])
      .orderBy('dag_id')
      .orderBy('seq');
    expect(await versions.execute()).toEqual([
      { dag_id: 'added', seq: second },
      { dag_id: 'consumer', seq: first },
      { dag_id: 'consumer', seq: second },
      { dag_id: 'producer', seq: first },
    ]);
    const consumers = await store.db
      .selectFrom('consumer')
      .select(['dag_id', 'sent', 'checkpoint'])
      .orderBy('dag_id')
      .execute();
    expect(
      consumers.map(({ checkpoint, ...row }) => [...Object.values(row), checkpoint.gate.watermark]),
    ).toEqual([
      ['added', second, second],
      ['consumer', first, first],
      ['producer', first, first],
    ]);
  });

  it('changes nothing when nothing changed, and takes no position', async () => {
    const before = await store.head();
    expect(await store.deploy([consumer, producer])).toEqual({
      ...{ created: [], changed: [], retired: [] },
      unchanged: ['consumer', 'producer'],
    });
    expect(await store.head()).toBe(before);
    expect(await dagOf('consumer')).toMatchObject({ version: 1 });
  });

  it('keeps the subscription to an asset that stays, and opens one to an asset that is new', async () => {
    const [kept] = await subscriptionsOf('consumer');
    await store.deploy([edited, producer]);
    const head = await store.head();
    expect(await subscriptionsOf('consumer')).toEqual([
      kept,
      expect.objectContaining({ after_seq: head, until_seq: null }),
    ]);
  });

  it('ends the subscription to an asset that is gone, and begins a new one when it comes back', async () => {
    await store.deploy([edited, producer]);
    await store.deploy([consumer, producer]);
    const gone = await store.head();
    await store.deploy([edited, producer]);
    const back = await store.head();
    expect(await subscriptionsOf('consumer')).toMatchObject([
      { until_seq: null },
      { until_seq: gone },
      { after_seq: back, until_seq: null },
    ]);
  });

  it('retires a DAG that is gone, and keeps its history', async () => {
    expect(await store.deploy([producer])).toMatchObject({ retired: ['consumer'], unchanged: ['producer'] });
    expect(await dagOf('consumer')).toMatchObject({ version: 2, retired_at: expect.any(Date) });
    expect(await subscriptionsOf('consumer')).toMatchObject([{ until_seq: await store.head() }]);
    expect(await store.deploy([producer])).toMatchObject({ retired: [], unchanged: ['producer'] });
  });

  it('puts a retired DAG in force again, under the next version', async () => {
    await store.deploy([producer]);
    expect(await store.deploy([consumer, producer])).toMatchObject({ changed: ['consumer'] });
    expect(await dagOf('consumer')).toEqual({ version: 3, retired_at: null });
    expect(await subscriptionsOf('consumer')).toMatchObject([
      { until_seq: expect.any(Number) },
      { until_seq: null },
    ]);
    expect(await claimGate(store.db, parseDagId('consumer'))).toMatchObject({ kind: 'claimed' });
  });

  it('keeps the DAGs of a file that could not be loaded', async () => {
    const broken = [{ file: consumer.file, message: 'SyntaxError' }];
    expect(await store.deploy([producer], broken)).toMatchObject({ retired: [], unchanged: ['producer'] });
    expect(await dagOf('consumer')).toMatchObject({ version: 1, retired_at: null });
    const errors = await store.db.selectFrom('import_error').select(['file', 'message']).execute();
    expect(errors).toEqual(broken);
    await store.deploy([consumer, producer]);
    expect(await store.db.selectFrom('import_error').selectAll().execute()).toEqual([]);
  });

  it('lets another asset take the name or the URI of one, also while a file cannot be loaded', async () => {
    const renamed = { name: 'orders', uri: anAsset(ORDERS).uri };
    const moved = { ...producer, run: { tasks: [aTaskPlan('make', { outlets: [renamed] })] } };
    const broken = [{ file: 'dags/other.ts', message: 'SyntaxError' }];
    const onRenamed = { ...consumer, condition: on(renamed) };
    expect(await store.deploy([onRenamed, moved], broken)).toMatchObject({
      changed: ['consumer', 'producer'],
    });
    const active = await store.db.selectFrom('asset').select('name').where('is_active', '=', true).execute();
    expect(active).toEqual([{ name: 'orders' }]);
  });

  it('deactivates assets that nobody mentions any more, and activates them again', async () => {
    const isActive = async () => {
      const rows = await store.db.selectFrom('asset').select(['id', 'is_active']).execute();
      return rows;
    };
    const [before] = await isActive();
    const alone = aDagPlan({ dagId: 'alone' });
    await store.deploy([alone]);
    expect(await isActive()).toEqual([{ id: before?.id, is_active: false }]);
    await store.deploy([alone, producer]);
    expect(await isActive()).toEqual([before]);
  });

  it('remembers every project that was in force, so that an old worker rolls nothing back', async () => {
    const first = aProject([consumer, producer]);
    await store.deploy([edited, producer]);
    expect(await wasDeployed(store.db, first.hash)).toBe(true);
    expect(await wasDeployed(store.db, aProject([edited]).hash)).toBe(false);
  });

  it.each(['subscription', 'dag_version', 'consumer', 'dag_task', 'deployed_project'])(
    'lets events be recorded as long as it writes, here while it waits for %s',
    async (table) => {
      const added = aDagPlan({
        ...{ dagId: 'added', condition: on(anAsset(ORDERS)) },
        tasks: [aTaskPlan('make', { outlets: [anAsset(RATES)] })],
      });
      const waiting = async () => {
        const { rows } = await sql<{ count: number }>`
          select count(*) as count from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(store.db);
        return rows[0]?.count ?? 0;
      };
      const other = openDatabase(store.place);
      const holder = await other.startTransaction().execute();
      await sql`lock table ${sql.table(table)} in share mode`.execute(holder);
      const deployed = store.deploy([consumer, producer, added]);
      await eventually(async () => (await waiting()) === 1);

      let seq: number | undefined;
      const posted = store.post(ORDERS).then(([first]) => (seq = first));
      await eventually(async () => seq !== undefined || (await waiting()) === 2);
      const recordedAt = seq;
      await holder.commit().execute();
      await Promise.all([deployed, posted, other.destroy()]);

      expect(recordedAt).toBeDefined();
      expect(await subscriptionsOf('added')).toMatchObject([{ after_seq: Number(recordedAt) + 1 }]);
    },
  );

  it('goes one after the other when two deploy at once', async () => {
    const before = await store.head();
    await Promise.all([store.deploy([edited, producer]), store.deploy([edited, producer])]);
    expect(await dagOf('consumer')).toMatchObject({ version: 2 });
    expect(await store.head()).toBe(before + 1);
  });
});
