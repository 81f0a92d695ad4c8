import { dag } from 'tidegate';
import { customers, orders, products, salesAnalytics, salesFiles } from '../assets.ts';
import { analyse } from '../sales.ts';
import { readCustomers, readOrders, readProducts } from '../tables.ts';

/** AND: an array waits for all of its assets. */
export const salesAnalyticsConsumer = dag(
  'exercise_5_2_sales_analytics',
  {
    schedule: [orders, products, customers],
    tags: ['exercise', 'module-05', 'assets', 'consumer'],
    description: 'Starts when orders, products and customers have all been updated',
  },
  (d) => {
    const announce = d.task('announce', async ({ events, log }) => {
      for await (const { asset, source, extra } of events.all()) {
        log.info('triggered by', {
          asset: asset.name,
          dag: source.kind === 'api' ? 'nobody: it came over HTTP' : source.dagId,
          rows: extra['rows'],
        });
      }
      // What is typed by the schema of its asset: `through` is there for orders only.
      const last = await events.of(orders).last();
      return { updates: await events.all().count(), through: last?.extra.through ?? null };
    });

    d.task('analyse', { needs: { announce }, outlets: [salesAnalytics] }, async ({ needs, emit, log }) => {
      const [allOrders, allProducts, allCustomers] = await Promise.all([
        readOrders(),
        readProducts(),
        readCustomers(),
      ]);
      const { totals, orphans } = analyse({
        orders: allOrders,
        products: allProducts,
        customers: allCustomers,
      });
      await salesFiles.writeLines('analytics.jsonl', totals);
      const sum = (of: (total: (typeof totals)[number]) => number): number =>
        Math.round(totals.reduce((before, total) => before + of(total), 0) * 100) / 100;
      const extra = {
        orders: sum((total) => total.orders),
        revenue: sum((total) => total.revenue),
        margin: sum((total) => total.margin),
      };
      log.info('analysed', { ...extra, orphans, ...needs.announce });
      emit(salesAnalytics, { extra });
    });
  },
);
