import { salesFiles } from './assets.ts';
import { Customer, Order, Product, type Sales } from './sales.ts';

export const readOrders = (): Promise<readonly Order[]> =>
  salesFiles.readLines('orders.jsonl', (row) => Order.parse(row));
export const readProducts = (): Promise<readonly Product[]> =>
  salesFiles.readLines('products.jsonl', (row) => Product.parse(row));
export const readCustomers = (): Promise<readonly Customer[]> =>
  salesFiles.readLines('customers.jsonl', (row) => Customer.parse(row));

/** Which of these tables nobody has loaded yet. */
export async function notLoaded(...tables: readonly (keyof Sales)[]): Promise<readonly string[]> {
  const there = await Promise.all(tables.map((table) => salesFiles.has(`${table}.jsonl`)));
  return tables.filter((_, index) => there[index] === false);
}
