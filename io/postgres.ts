import { Pool, type PoolClient } from 'pg';
import { TidegateError } from '../core/errors.ts';
import { type IoManager, ioManager, type SaveContext } from '../sdk/io.ts';
import { resource } from '../sdk/resource.ts';
import { resultKey } from './result-key.ts';
import { parseRows, type Row } from './rows.ts';

export interface PostgresTableOptions {
  /** Where the table is; another database than Tidegate's is fine. */
  readonly connectionString: string;
  /** A table that is there, `orders` or `sales.orders`, whose columns are named as the fields of the rows. */
  readonly table: string;
  /** Its column, of type `text`, that says which result a row is of. @defaultValue `'tidegate_result'` */
  readonly resultColumn?: string;
  /**
   * What the rows of a new result stand beside or replace. `'nothing'`: every try has rows of its own. `'partition'`: the rows of the
   * same DAG, task and partition, of whichever run, at once. @defaultValue `'nothing'`
   */
  readonly replaces?: 'nothing' | 'partition';
  /** @defaultValue `'postgres-table'` */
  readonly name?: string;
}

interface TableReference {
  readonly [part: string]: string | number;
  readonly table: string;
  readonly result: string;
  readonly rows: number;
}

/** Tables of Postgres: results are arrays of rows, which everybody may read by SQL. */
export function postgresTable<Columns extends object = Row>(
  options: PostgresTableOptions,
): IoManager<readonly Columns[], Columns[]>;
export function postgresTable(options: PostgresTableOptions): IoManager {
  const { connectionString, name = 'postgres-table', resultColumn = 'tidegate_result' } = options;
  const table = options.table.split('.').map(identifier).join('.');
  const column = identifier(resultColumn);
  const pool = resource({
    name: `pool of ${name}`,
    setUp({ log }) {
      const opened = new Pool({ connectionString, max: 4, application_name: name });
      // A connection that breaks while it is idle is replaced; unheard it would end the process.
      opened.on('error', (error) => log.warn('connection of an IO manager lost', { error: error.message }));
      return opened;
    },
    tearDown: (opened) => opened.end(),
  });
  return ioManager({
    name,
    resources: { pool },
    async save(value: unknown, context) {
      const rows = parseRows(value);
      const { key, replaced } = keysOf(context, options.replaces ?? 'nothing');
      await inTransaction(context.resources.pool, async (client) => {
        if (replaced !== undefined) await makeRoom(client, { table, column }, replaced);
        await client.query(
          `insert into ${table} select (jsonb_populate_record(null::${table}, row || jsonb_build_object($2::text, $3::text))).*
           from jsonb_array_elements($1::jsonb) as r (row)`,
          [JSON.stringify(rows), resultColumn, key],
        );
      });
      return { table: options.table, result: key, rows: rows.length } satisfies TableReference;
    },
    async load({ result, rows: count }: TableReference, { resources }) {
      const { rows } = await resources.pool.query<Row>(`select * from ${table} where ${column} = $1`, [
        result,
      ]);
      if (rows.length !== count) throw incomplete(options.table, result, rows.length, count);
      return rows.map((row) =>
        Object.fromEntries(Object.entries(row).filter(([field]) => field !== resultColumn)),
      );
    },
    async remove({ result }: TableReference, { resources }) {
      await resources.pool.query(`delete from ${table} where ${column} = $1`, [result]);
    },
  });
}

interface Replaced {
  /** What every result of the partition begins with. */
  readonly partition: string;
  /** What every result of this very attempt of this run begins with. */
  readonly attempt: string;
  readonly try: number;
}

/** `<dag>/<run>/<attempt>/<task>/<try>`, behind `<dag>/<task>/<partition>:` where the rows of a partition are replaced. */
function keysOf(
  context: SaveContext<object>,
  replaces: NonNullable<PostgresTableOptions['replaces']>,
): { readonly key: string; readonly replaced?: Replaced } {
  const own = resultKey(context);
  if (replaces === 'nothing') return { key: own };
  const { dagId, taskId, partitionKey } = context;
  const partition = `${[dagId, taskId, partitionKey ?? ''].map(encodeURIComponent).join('/')}:`;
  const attempt = `${partition}${own.slice(0, own.lastIndexOf('/') + 1)}`;
  return { key: `${partition}${own}`, replaced: { partition, attempt, try: context.try } };
}

/**
 * Takes out the rows of a partition, unless a later try of the same task has written them: a try that was given up on, and comes late,
 * must not destroy what took its place. One transaction at a time does this to a partition.
 */
async function makeRoom(
  client: PoolClient,
  { table, column }: { readonly table: string; readonly column: string },
  { partition, attempt, try: number }: Replaced,
): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${table} ${partition}`]);
  const { rowCount } = await client.query(
    `select 1 from ${table} where case when starts_with(${column}, $1) then substr(${column}, length($1) + 1)::int > $2 else false end limit 1`,
    [attempt, number],
  );
  if ((rowCount ?? 0) > 0)
    throw new TidegateError(
      'invalid_input',
      'a later try of the task has saved its result: this one is too late',
    );
  await client.query(`delete from ${table} where starts_with(${column}, $1)`, [partition]);
}

async function inTransaction(pool: Pool, work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
    client.release();
  } catch (error) {
    // Closed instead of used again: whatever state it is in goes with it.
    client.release(true);
    throw error;
  }
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function incomplete(table: string, result: string, found: number, saved: number): TidegateError {
  return new TidegateError(
    'invalid_input',
    `table ${table} has ${found} rows of the saved result ${result}, of ${saved}: they were removed, or a newer result of the partition replaced them; run the task that made it again`,
  );
}
