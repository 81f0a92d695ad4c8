/**
 * Writes `customers.csv` and `orders.csv` anew: the same bytes every time, from a fixed seed.
 * Run: node --import tsx examples/exercise_5_2/make-sales.ts
 */
import { writeFile } from 'node:fs/promises';
import { randomFrom } from '../random.ts';

const random = randomFrom(52);
const pick = (values: readonly string[]): string => values[random(values.length)] ?? '';
const dayAt = (index: number): string =>
  new Date(Date.UTC(2024, 0, 1) + index * 86_400_000).toISOString().slice(0, 10);

const customers = Array.from({ length: 150 }, (_, index) =>
  [
    `C-${String(index + 1).padStart(3, '0')}`,
    pick(['consumer', 'consumer', 'consumer', 'business', 'school']),
    pick(['DE', 'DE', 'FR', 'ES', 'PL']),
    dayAt(random(60)),
  ].join(','),
);
const prices = [4.5, 7.99, 59.9, 14.5, 34.95, 42.5, 249, 79];
const orders = Array.from({ length: 1_800 }, (_, index) => {
  const product = random(prices.length);
  const customer = random(152) + 1;
  return [
    `O-${String(index + 1).padStart(4, '0')}`,
    dayAt(Math.floor((index * 91) / 1_800)),
    // The last two ids are of customers that the export does not have (yet).
    `C-${String(customer).padStart(3, '0')}`,
    `P-0${product + 1}`,
    1 + random(4),
    (((prices[product] ?? 0) * (90 + random(21))) / 100).toFixed(2),
  ].join(',');
});

const write = (name: string, header: string, lines: readonly string[]): Promise<void> =>
  writeFile(new URL(name, import.meta.url), `${[header, ...lines].join('\n')}\n`);
await write('customers.csv', 'customer_id,segment,country,since', customers);
await write('orders.csv', 'order_id,day,customer_id,product_id,quantity,unit_price', orders);
