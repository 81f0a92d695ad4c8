import { z } from 'zod';
import type { Json, JsonObject } from '../../core/json.ts';
import { duckdb, http, postgres, shell, sql } from '../../operators/index.ts';
import { dag } from '../../sdk/index.ts';

// The usual trick: TypeScript compares such conditional types by identity.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where both types are the same; what is claimed here is proven by the type check. */
function expectType<Expected>() {
  return <Actual>(_value: Actual, ..._proof: Equal<Actual, Expected> extends true ? [] : [never]): void => {};
}

describe('the types of operators', () => {
  it('give their options the context of their task, and others their result', () => {
    const { tasks } = dag('types', { params: z.object({ region: z.string() }) }, (d) => {
      const rows = d.task('rows', () => 3);
      const line = d.task(
        'line',
        { needs: { rows } },
        shell('echo', ({ needs, params }) => {
          expectType<number>()(needs.rows);
          expectType<string>()(params.region);
          return [String(needs.rows)];
        }),
      );
      const json = d.task('json', shell('cat', [], { result: 'json', cwd: ({ params }) => params.region }));
      const none = d.task('none', shell('true', [], { result: 'none' }));
      const typed = d.task(
        'typed',
        shell('cat', [], { result: 'json', schema: z.object({ rows: z.number() }) }),
      );
      const warehouse = postgres(() => 'postgres://db/warehouse');
      const rowsOf = d.task(
        'rows_of',
        { needs: { rows } },
        sql(
          warehouse,
          ({ needs, params }) => {
            expectType<number>()(needs.rows);
            return { text: 'select * from orders where region = $1', parameters: [params.region] };
          },
          { result: 'rows' },
        ),
      );
      const row = d.task(
        'row',
        sql(
          duckdb(({ params }) => params.region),
          'select 1',
          { result: 'row' },
        ),
      );
      const count = d.task('count', sql(warehouse, 'delete from orders'));
      const answer = d.task(
        'answer',
        http(({ params }) => params.region, { schema: z.array(z.int()) }),
      );
      const text = d.task('text', http('https://example.com', { result: 'text' }));
      d.task('use', { needs: { rowsOf, row, count, answer, text } }, ({ needs }) => {
        expectType<readonly JsonObject[]>()(needs.rowsOf);
        expectType<JsonObject | null>()(needs.row);
        expectType<number>()(needs.count);
        expectType<number[]>()(needs.answer);
        expectType<string>()(needs.text);
      });
      d.task('read', { needs: { line, json, none, typed } }, ({ needs }) => {
        expectType<string>()(needs.line);
        expectType<Json>()(needs.json);
        expectType<null>()(needs.none);
        expectType<number>()(needs.typed.rows);
      });
    });
    expect(tasks).not.toHaveLength(0);
  });
});
