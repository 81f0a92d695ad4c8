import { any, dag } from 'tidegate';
import { customers, products } from '../assets.ts';
import { missingIds } from '../sales.ts';
import { notLoaded, readCustomers, readOrders, readProducts } from '../tables.ts';

/** OR: each update of either starts a run. */
export const catalogueCheck = dag(
  'exercise_5_2_catalogue_check',
  {
    schedule: any(products, customers),
    tags: ['exercise', 'module-05', 'assets', 'consumer'],
    description:
      'Starts whenever products or customers are updated, and looks for ids that orders name and nobody has',
  },
  (d) => {
    d.task('check', async ({ events, log, skip }) => {
      const updated = (await events.all().toArray()).map(({ asset }) => asset.name);
      const lacking = await notLoaded('orders', 'products', 'customers');
      if (lacking.length > 0) skip(`not loaded yet: ${lacking.join(', ')}`);
      const [orders, allProducts, allCustomers] = await Promise.all([
        readOrders(),
        readProducts(),
        readCustomers(),
      ]);
      const missing = missingIds({ orders, products: allProducts, customers: allCustomers });
      if (missing.length > 0) log.warn('orders name what nobody has', { updated, missing });
      else log.info('every order has its customer and product', { updated });
      return { missing };
    });
  },
);
