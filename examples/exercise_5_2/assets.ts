import { asset } from 'tidegate';
import { z } from 'zod';
import { dataLake } from '../data-lake.ts';

/** Every update says how many rows the table has now. */
const rows = z.object({ rows: z.int().nonnegative() });

export const orders = asset(
  { name: 'warehouse.orders', uri: 'postgres://warehouse:5432/sales/public/orders' },
  {
    group: 'sales',
    description: 'Orders up to a day',
    eventExtra: rows.extend({ through: z.iso.date() }),
  },
);
export const products = asset(
  { name: 'warehouse.products', uri: 'postgres://warehouse:5432/sales/public/products' },
  {
    group: 'sales',
    description: 'What is sold, and what it costs us',
    eventExtra: rows,
  },
);
export const customers = asset(
  { name: 'warehouse.customers', uri: 'postgres://warehouse:5432/sales/public/customers' },
  {
    group: 'sales',
    description: 'Who buys',
    eventExtra: rows,
  },
);

/** What `exercise_5_2_sales_analytics` finds out. */
export const salesAnalytics = asset('s3://data-lake/sales/analytics', {
  group: 'sales',
  description: 'Revenue and margin by segment and category',
  eventExtra: z.object({ orders: z.int(), revenue: z.number(), margin: z.number() }),
});

/** Where the files that stand for the tables are. */
export const salesFiles = dataLake('sales');
