import { dag } from 'tidegate';
import { z } from 'zod';
import { readCsv } from '../../csv.ts';
import { customers, orders, products, salesFiles } from '../assets.ts';
import { CustomerLine, OrderLine, ProductLine } from '../sales.ts';

const tags = ['exercise', 'module-05', 'assets', 'producer'];

export const ordersProducer = dag(
  'exercise_5_2_orders',
  {
    description: 'Loads the orders up to a day, and updates orders',
    tags,
    params: z.object({ through: z.iso.date().default('2024-03-31') }),
  },
  (d) => {
    d.task('load', { outlets: [orders] }, async ({ params: { through }, emit, log }) => {
      const all = await readCsv(new URL('../orders.csv', import.meta.url), (line) => OrderLine.parse(line));
      const rows = all.filter(({ day }) => day <= through);
      await salesFiles.writeLines('orders.jsonl', rows);
      log.info('orders loaded', { rows: rows.length, through });
      emit(orders, { extra: { rows: rows.length, through } });
    });
  },
);

export const productsProducer = dag(
  'exercise_5_2_products',
  { description: 'Loads what is sold, and updates products', tags },
  (d) => {
    d.task('load', { outlets: [products] }, async ({ emit, log }) => {
      const rows = await readCsv(new URL('../products.csv', import.meta.url), (line) =>
        ProductLine.parse(line),
      );
      await salesFiles.writeLines('products.jsonl', rows);
      log.info('products loaded', { rows: rows.length });
      emit(products, { extra: { rows: rows.length } });
    });
  },
);

export const customersProducer = dag(
  'exercise_5_2_customers',
  { description: 'Loads who buys, and updates customers', tags },
  (d) => {
    d.task('load', { outlets: [customers] }, async ({ emit, log }) => {
      const rows = await readCsv(new URL('../customers.csv', import.meta.url), (line) =>
        CustomerLine.parse(line),
      );
      await salesFiles.writeLines('customers.jsonl', rows);
      log.info('customers loaded', { rows: rows.length });
      emit(customers, { extra: { rows: rows.length } });
    });
  },
);
