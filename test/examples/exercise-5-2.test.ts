import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AssetEventCollection } from '../../api/contract/asset-events.ts';
import { createApi } from '../../cli/api-client.ts';
import { readPage } from '../docs/markdown.ts';
import { type RunningProject, startExamples } from '../support/running-project.ts';
import { repository } from '../support/temp-project.ts';
import { follow } from './readme-session.ts';

const folder = 'examples/exercise_5_2';

let examples: RunningProject;
beforeAll(async () => {
  examples = await startExamples();
});
afterAll(() => examples.stop());

/** The cells of a CSV file without its header; names with commas are cut, which no test looks at. */
async function cellsOf(name: string): Promise<readonly (readonly string[])[]> {
  const text = await readFile(join(repository, folder, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
}

/** Revenue in cents, of the orders whose customer and product are there. */
async function expectedCents(): Promise<{ readonly orders: number; readonly cents: number }> {
  const customers = new Set((await cellsOf('customers.csv')).map(([id]) => id));
  const rows = (await cellsOf('orders.csv')).filter(([, , customer]) => customers.has(customer));
  const cents = rows.map(
    ([, , , , quantity, price = '']) => Number(quantity) * Number(price.replace('.', '')),
  );
  return { orders: rows.length, cents: cents.reduce((sum, one) => sum + one, 0) };
}

describe('exercise 5.2', () => {
  it('shows what its README says', async () => {
    expect(await follow(await readPage(`${folder}/README.md`), examples)).toBeGreaterThan(10);
  });

  it('totals the orders of customers and products that are there', async () => {
    const expected = await expectedCents();
    const { asset_events: events } = await createApi(examples.apiUrl).get(
      AssetEventCollection,
      '/api/v2/assets/events',
      { source_dag_id: 'exercise_5_2_sales_analytics' },
    );
    expect(events.map(({ extra }) => extra)).toEqual([
      { orders: expected.orders, revenue: expected.cents / 100, margin: expect.any(Number) },
    ]);
    const lake = await readFile(join(examples.folder, '.tidegate/data-lake/sales/analytics.jsonl'), 'utf8');
    const totals = lake
      .trimEnd()
      .split('\n')
      .map((line): { readonly revenue: number; readonly margin: number } => JSON.parse(line));
    expect(totals).toHaveLength(3 * 4);
    const revenue = totals.reduce((sum, total) => sum + total.revenue, 0);
    expect(revenue).toBeCloseTo(expected.cents / 100, 6);
  });
});
