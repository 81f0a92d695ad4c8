import { dag } from 'tidegate';
import { customers, orders, products, salesFiles } from '../assets.ts';
import { revenueByCountry } from '../sales.ts';
import { notLoaded, readCustomers, readOrders } from '../tables.ts';

/** Nested: new orders, and beside them new customers or new products. */
export const countryReport = dag(
  'exercise_5_2_country_report',
  {
    schedule: orders.and(customers.or(products)),
    tags: ['exercise', 'module-05', 'assets', 'consumer'],
    description: 'Starts when orders, and one of customers and products, have been updated',
  },
  (d) => {
    d.task('report', async ({ events, log, skip }) => {
      if ((await notLoaded('customers')).length > 0) skip('customers are not loaded yet');
      const [allOrders, allCustomers] = await Promise.all([readOrders(), readCustomers()]);
      const countries = revenueByCountry({ orders: allOrders, customers: allCustomers });
      await salesFiles.writeLines('countries.jsonl', countries);
      log.info('revenue by country', {
        updates: await events.all().count(),
        ...Object.fromEntries(countries.map(({ country, revenue }) => [country, revenue])),
      });
      return countries;
    });
  },
);
