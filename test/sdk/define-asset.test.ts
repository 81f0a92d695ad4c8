import { z } from 'zod';
import { compileDag } from '../../sdk/compile.ts';
import { toCondition } from '../../sdk/condition.ts';
import { dagOf } from '../../sdk/dag.ts';
import {
  all,
  type Asset,
  asset,
  type AssetOptions,
  cron,
  dag,
  defineAsset,
  type DefineAssetOptions,
  defineAssets,
  type EventReader,
} from '../../sdk/index.ts';

// The usual trick: TypeScript compares such conditional types by identity.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only where both types are the same. */
function expectType<Expected>() {
  return <Actual>(_value: Actual, ..._proof: Equal<Actual, Expected> extends true ? [] : [never]): void => {};
}

const orders = asset('s3://lake/orders', { eventExtra: z.object({ rows: z.number() }) });
const users = asset('s3://lake/users');
const refOf = ({ name, uri }: { readonly name: string; readonly uri: string }) => ({ name, uri });

describe('an asset that is defined by a function', () => {
  const totals = defineAsset(
    's3://lake/totals',
    {
      ...{ schedule: all(orders, users), upstream: { orders, users }, tags: ['daily'], maxActiveRuns: 1 },
      ...{
        group: 'lake',
        description: 'Totals',
        owners: ['ana'],
        retries: 2,
        timeout: '1h',
        taskQueue: 'heavy',
      },
      eventExtra: z.object({ rows: z.number(), unit: z.string().default('row') }),
      params: z.object({ day: z.string().default('today') }),
    },
    ({ upstream, self, emit, params }) => {
      expectType<EventReader<{ rows: number }>>()(upstream.orders);
      expectType<EventReader>()(upstream.users);
      expectType<{ day: string }>()(params);
      // @ts-expect-error an asset that was not named
      void upstream.other;
      emit(self, { extra: { rows: 1 } });
      // @ts-expect-error rows is a number
      emit(self, { extra: { rows: 'many' } });
    },
  );

  it('is that asset, with what is known about it', () => {
    expectType<{ rows: number; unit: string } | undefined>()(extraOf(totals));
    expect(totals).toMatchObject({
      name: 's3://lake/totals',
      group: 'lake',
      description: 'Totals',
      owners: ['ana'],
    });
    expect(totals.eventExtra?.safeParse({}).success).toBe(false);
    expect(totals.place).toMatch(/define-asset\.test\.ts:\d+$/);
  });

  it('has a DAG of one task, both named after it, whose inlets are its upstream assets', () => {
    expect(compileDag(totals.dag, 'dags/a.ts')).toMatchObject({
      dagId: 's3_lake_totals',
      description: 'Totals',
      tags: ['daily'],
      maxActiveRuns: 1,
      paramsSchema: { properties: { day: { default: 'today' } } },
      condition: { kind: 'all', of: [{ asset: refOf(orders) }, { asset: refOf(users) }] },
      run: {
        tasks: [
          {
            ...{ id: 's3_lake_totals', timeoutMs: 3_600_000, taskQueue: 'heavy', retries: { max: 2 } },
            ...{ outlets: [refOf(totals)], inlets: [refOf(orders), refOf(users)] },
          },
        ],
      },
    });
    expect(totals.dag.place).toMatch(/define-asset\.test\.ts:\d+$/);
  });

  it('stands in schedules as an asset, and leads to its DAG', () => {
    expect(dagOf(totals)).toBe(totals.dag);
    const reader = dag('reader', { schedule: totals.or(users) }, (d) => void d.task('read', () => 1));
    expect(compileDag(reader, 'dags/a.ts').condition).toEqual({
      kind: 'any',
      of: [
        { kind: 'asset', asset: refOf(totals) },
        { kind: 'asset', asset: refOf(users) },
      ],
    });
    expect(JSON.stringify(totals)).not.toContain('tasks');
  });

  it.each<[string, Partial<DefineAssetOptions<undefined>>, string]>([
    ['s3://lake/Daily Report', { name: 'Daily report / v2' }, 'Daily_report_v2'],
    ['orders', {}, 'orders'],
    ['s3://lake/x', { id: 'chosen' }, 'chosen'],
    ['__proto__', {}, 'proto'],
  ])('gives %s %j the id %s', (uri, options, id) => {
    const spelled = uri.replaceAll(' ', '%20');
    const made = defineAsset(spelled, { ...options }, () => 1);
    expect([made.dag.id, made.dag.tasks[0]?.id]).toEqual([id, id]);
    expect(() => compileDag(made.dag, 'dags/a.ts')).not.toThrow();
  });

  it.each([
    ['a name without letters', { name: '日本' }, "leaves 0 characters of 1 to 100: give an 'id'"],
    ['a name that is too long', { name: 'x'.repeat(101) }, 'leaves 101 characters'],
    ['a reserved name', { name: 'self' }, 'asset name "self" is not valid'],
  ])('is refused for %s', (_, options: AssetOptions, reason) => {
    expect(() => defineAsset('s3://lake/a', options, () => 1)).toThrow(reason);
  });

  it('is refused with an upstream that is no asset, when it is compiled', () => {
    const upstream = { a: JSON.parse('"s3://lake/a"') as Asset };
    const made = defineAsset('s3://lake/b', { upstream }, () => 1);
    expect(() => compileDag(made.dag, 'dags/a.ts')).toThrow('inlet 1 is not an asset');
  });

  it('holds slots of a pool while its task runs, not as a run', () => {
    const defined = defineAsset('s3://lake/pooled', { pool: 'warehouse' }, () => 1);
    const { run } = compileDag(defined.dag, 'dags/pooled.ts');
    expect([run.pool, run.tasks[0]?.pool]).toEqual([undefined, { name: 'warehouse' }]);
  });

  it('may be scheduled by a time, or by hand only', () => {
    const timed = defineAsset('s3://lake/timed', { schedule: cron('@daily') }, () => 1);
    expect(compileDag(timed.dag, 'dags/a.ts').cron).toMatchObject({ expression: '@daily' });
    expect(compileDag(defineAsset('s3://lake/hand', {}, () => 1).dag, 'dags/a.ts').condition).toBeNull();
  });
});

describe('several assets that are defined by one function', () => {
  const split = defineAssets([orders, users], { id: 'split', upstream: { users } }, ({ upstream, emit }) => {
    expectType<EventReader>()(upstream.users);
    emit(orders, { extra: { rows: 1 } });
  });

  it('are a condition that waits for all of them, and grows as one', () => {
    expect(toCondition(split)).toEqual(toCondition(all(orders, users)));
    const third = asset('s3://lake/third');
    expect(toCondition(split.and(third))).toEqual(toCondition(all(orders, users, third)));
    const reader = dag('reader', { schedule: split }, (d) => void d.task('read', () => 1));
    expect(JSON.stringify(compileDag(reader, 'dags/a.ts').condition)).not.toContain('tasks');
  });

  it('have a DAG of one task with all of them as outlets', () => {
    expect(compileDag(split.dag, 'dags/a.ts')).toMatchObject({
      dagId: 'split',
      run: { tasks: [{ id: 'split', outlets: [refOf(orders), refOf(users)], inlets: [refOf(users)] }] },
    });
    expect(dagOf(split)).toBe(split.dag);
  });

  it('are at least one, with an id', () => {
    expect(() => defineAssets([], { id: 'none' }, () => 1)).toThrow('defineAssets has no outlets');
    expect(() => defineAssets([orders], JSON.parse('{}'), () => 1)).toThrow('defineAssets needs an id');
  });
});

describe('the DAG of a value', () => {
  it('is not asked of getters, and not found where there is none', () => {
    const closed = {
      get dag(): never {
        throw new Error('not to be read');
      },
    };
    expect([dagOf(closed), dagOf(null), dagOf(orders), dagOf({ dag: 1 }), dagOf('dag')]).toEqual([
      ...[undefined, undefined, undefined, undefined, undefined],
    ]);
  });
});

/** Only the type is looked at. */
function extraOf<Extra extends object>(_asset: Asset<Extra, object>): Extra | undefined {
  return undefined;
}
