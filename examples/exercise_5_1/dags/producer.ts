import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse';
import { cron, dag } from 'tidegate';
import { processedData, processedFiles } from '../assets.ts';
import { type Order, orderParser, parseOrder, type Rejection, totalsOf } from '../orders.ts';

const source = fileURLToPath(new URL('../orders.csv', import.meta.url));

export const producer = dag(
  'exercise_5_1_producer',
  {
    schedule: cron('@hourly'),
    startDate: '2024-01-01',
    tags: ['exercise', 'module-05', 'assets', 'producer'],
    description: 'Cleans orders, totals them per day and country, and updates processed_data',
    defaults: { timeout: '10 minutes' },
  },
  (d) => {
    const clean = d.task('clean_orders', { retries: 2 }, async ({ log, signal }) => {
      const check = orderParser();
      const orders: Order[] = [];
      const rejected: Record<Rejection, number> = {
        duplicate: 0,
        'missing amount': 0,
        'bad date': 0,
        'bad quantity': 0,
      };
      const lines = createReadStream(source, { signal }).pipe(parse({ columns: true }));
      for await (const line of lines) {
        const order = check(line);
        if (typeof order === 'string') rejected[order] += 1;
        else orders.push(order);
      }
      await processedFiles.writeLines('orders.jsonl', orders);
      log.info('orders cleaned', { rows: orders.length, ...rejected });
      return {
        rows: orders.length,
        rejected: Object.values(rejected).reduce((sum, count) => sum + count, 0),
      };
    });

    d.task(
      'aggregate_orders',
      { needs: { clean }, outlets: [processedData], retries: 2 },
      async ({ needs, emit, log }) => {
        const totals = totalsOf(await processedFiles.readLines('orders.jsonl', parseOrder));
        await processedFiles.writeLines('daily_totals.jsonl', totals);
        const summary = {
          ...needs.clean,
          groups: totals.length,
          revenue: totals.reduce((sum, total) => sum + total.revenueCents, 0) / 100,
          processedAt: new Date().toISOString(),
        };
        log.info('data processed', summary);
        emit(processedData, { extra: summary });
        return summary;
      },
    );
  },
);
