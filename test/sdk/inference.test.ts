import { z } from 'zod';
import {
  type Asset,
  asset,
  dag,
  defineAsset,
  type EventList,
  ioManager,
  resource,
  type TaskContext,
} from '../../sdk/index.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { jsonFiles, parquetFiles } from '../../io/index.ts';

// The usual trick: TypeScript compares such conditional types by identity.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where both types are the same; what is claimed here is proven by the type check. */
function expectType<Expected>() {
  return <Actual>(_value: Actual, ..._proof: Equal<Actual, Expected> extends true ? [] : [never]): void => {};
}

const plain = asset('s3://lake/plain');
const typed = asset('s3://lake/typed', {
  eventExtra: z.object({ rows: z.number(), unit: z.string().default('row') }),
});
const optional = asset('s3://lake/optional', { eventExtra: z.object({ rows: z.number().optional() }) });

describe('the types authors see', () => {
  it('give needs the awaited, stored result of the task they name', () => {
    const { tasks } = dag('types', {}, (d) => {
      const rows = d.task('rows', async () => 3);
      const dated = d.task('dated', () => ({ at: new Date(0), tags: ['a'] }));
      const nothing = d.task('nothing', () => {});
      const read = d.task('read', { needs: { rows, dated, nothing, named: 'rows' } }, ({ needs }) => {
        expectType<number>()(needs.rows);
        expectType<string>()(needs.dated.at);
        expectType<string[]>()(needs.dated.tags);
        expectType<null>()(needs.nothing);
        expectType<Json>()(needs.named);
        // @ts-expect-error a need that was not named
        void needs.missing;
        return needs.rows;
      });
      d.task('after', { needs: [read, 'rows'], triggerRule: 'all_done' }, ({ needs, params }) => {
        expectType<object>()(needs);
        expectType<JsonObject>()(params);
      });
    });
    expect(tasks).not.toHaveLength(0);
  });

  it('let a needed value be missing under another rule than all_success', () => {
    const { tasks } = dag('rules', {}, (d) => {
      const rows = d.task('rows', () => 3);
      d.task('read', { needs: { rows }, triggerRule: 'all_done' }, ({ needs }) => {
        expectType<number | undefined>()(needs.rows);
      });
    });
    expect(tasks).not.toHaveLength(0);
  });

  it('type params, events and emit by their schemas', () => {
    const { tasks } = dag('schemas', { params: z.object({ day: z.string().default('today') }) }, (d) => {
      d.task('produce', { outlets: [plain, typed, optional] }, ({ params, events, emit }) => {
        expectType<{ day: string }>()(params);
        expectType<EventList<{ rows: number; unit: string }>>()(events.of(typed));
        expectType<EventList>()(events.of(plain));
        emit(plain);
        emit(plain, { extra: { anything: [1] }, partition: 'de' });
        emit(optional);
        emit(typed, { extra: { rows: 1 } });
        // @ts-expect-error rows is required
        emit(typed);
        // @ts-expect-error rows is a number
        emit(typed, { extra: { rows: '1' } });
      });
    });
    expectType<Asset<{ rows: number; unit: string }, { rows: number; unit?: string | undefined }>>()(typed);
    expect(tasks).not.toHaveLength(0);
  });

  it('give resources by the names of the task and of the DAG, typed by what their set-up makes', () => {
    const pool = resource({ name: 'pool', setUp: async () => ({ size: 3 }) });
    const table = resource({
      name: 'table',
      needs: { pool },
      setUp: ({ resources }) => {
        expectType<{ size: number }>()(resources.pool);
        return `of ${resources.pool.size}`;
      },
      tearDown: (name) => expectType<string>()(name),
    });
    const { tasks } = dag('resources', { resources: { db: pool } }, (d) => {
      d.task('shared', ({ resources }) => {
        expectType<{ size: number }>()(resources.db);
        // @ts-expect-error a resource that was not named
        void resources.table;
      });
      d.task('own', { resources: { table } }, ({ resources }) => {
        expectType<{ size: number }>()(resources.db);
        expectType<string>()(resources.table);
      });
      d.task('other', { resources: { db: table } }, ({ resources }) => expectType<string>()(resources.db));
    });
    const { dag: made } = defineAsset('s3://lake/made', { resources: { table } }, ({ resources }) =>
      expectType<string>()(resources.table),
    );
    // @ts-expect-error no resource
    const wrong = () => dag('wrong', { resources: { db: 7 } }, () => undefined);
    expect([tasks.length, made.tasks.length, typeof wrong]).toEqual([3, 1, 'function']);
  });

  it('give what an IO manager loads, or what is left of a value behind JSON', () => {
    const bytes = ioManager({
      name: 'bytes',
      save: (value: Uint8Array) => value.length,
      load: (): Buffer => Buffer.from(''),
    });
    const { tasks } = dag('io', { io: bytes }, (d) => {
      const made = d.task('made', async () => new Uint8Array(3));
      const nothing = d.task('nothing', () => {});
      d.task('load', async ({ load, events }) => {
        const saved = parquetFiles<{ id: number }>({ folder: 'lake' });
        expectType<{ id: number }[]>()(await load(typed, saved));
        for await (const event of events.of(typed)) expectType<{ id: number }[]>()(await load(event, saved));
        expectType<Json>()(await load(typed, jsonFiles({ folder: 'lake' })));
        // @ts-expect-error no IO manager is named
        void load(typed);
      });
      const json = d.task('json', { io: jsonFiles({ folder: 'lake' }) }, () => ({ at: new Date(0) }));
      const table = parquetFiles<{ id: number }>({ folder: 'lake' });
      const rows = d.task('rows', { io: table }, () => [{ id: 1 }]);
      const plain = d.task('plain', { io: null }, () => 3);
      d.task('read', { io: null, needs: { made, nothing, json, rows, plain } }, ({ needs }) => {
        expectType<Buffer>()(needs.made);
        expectType<null>()(needs.nothing);
        expectType<string>()(needs.json.at);
        expectType<{ id: number }[]>()(needs.rows);
        expectType<number>()(needs.plain);
      });
      // @ts-expect-error no bytes
      d.task('wrong', () => 'a text');
      // @ts-expect-error no bytes, either
      d.task('wrong_too', { needs: [made] }, () => 7);
    });
    const { dag: asset_ } = defineAsset('s3://lake/bytes', { io: bytes }, () => new Uint8Array(1));
    // @ts-expect-error no bytes
    const wrong = () => defineAsset('s3://lake/text', { io: bytes }, () => 'a text');
    expect([tasks.length, asset_.tasks.length, typeof wrong]).toEqual([9, 1, 'function']);
  });

  it('accept a function written apart from its DAG', () => {
    const report = ({ needs }: TaskContext<object, { rows: number }>): number => needs.rows;
    const { tasks } = dag('apart', {}, (d) => {
      const rows = d.task('rows', () => 3);
      d.task('report', { needs: { rows } }, report);
      // @ts-expect-error the function needs rows
      d.task('other', {}, report);
    });
    expect(tasks).not.toHaveLength(0);
  });
});
