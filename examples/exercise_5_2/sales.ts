import { z } from 'zod';

const Cents = z.string().transform((text, context) => {
  const cents = Math.round(Number(text) * 100);
  if (text.trim() !== '' && Number.isFinite(cents)) return cents;
  context.addIssue(`${text} is not an amount`);
  return z.NEVER;
});

/** Lines of the CSV files, as text; amounts become cents, whose sums are exact. */
export const ProductLine = z
  .object({ product_id: z.string(), name: z.string(), category: z.string(), cost: Cents })
  .transform(({ product_id: id, name, category, cost: costCents }) => ({ id, name, category, costCents }));
export const CustomerLine = z
  .object({ customer_id: z.string(), segment: z.string(), country: z.string(), since: z.iso.date() })
  .transform(({ customer_id: id, ...rest }) => ({ id, ...rest }));
export const OrderLine = z
  .object({
    order_id: z.string(),
    day: z.iso.date(),
    customer_id: z.string(),
    product_id: z.string(),
    quantity: z.coerce.number().int().positive(),
    unit_price: Cents,
  })
  .transform(({ order_id, customer_id, product_id, unit_price, ...rest }) => ({
    ...{ id: order_id, customerId: customer_id, productId: product_id, unitCents: unit_price },
    ...rest,
  }));

/** Rows of the tables. */
export const Product = z.object({
  id: z.string(),
  name: z.string(),
  category: z.string(),
  costCents: z.int(),
});
export const Customer = z.object({
  id: z.string(),
  segment: z.string(),
  country: z.string(),
  since: z.string(),
});
export const Order = z.object({
  id: z.string(),
  day: z.iso.date(),
  customerId: z.string(),
  productId: z.string(),
  quantity: z.int(),
  unitCents: z.int(),
});
export type Product = z.infer<typeof Product>;
export type Customer = z.infer<typeof Customer>;
export type Order = z.infer<typeof Order>;

/** The three tables. */
export interface Sales {
  readonly orders: readonly Order[];
  readonly products: readonly Product[];
  readonly customers: readonly Customer[];
}

/** Orders, revenue and margin of a segment's orders in a category; money in whole currency units. */
export interface SegmentTotal {
  readonly segment: string;
  readonly category: string;
  readonly orders: number;
  readonly revenue: number;
  readonly margin: number;
}

/** Joins the three tables; orders of customers or products that are not there are left out, and counted. */
export function analyse({ orders, products, customers }: Sales): {
  readonly totals: readonly SegmentTotal[];
  readonly orphans: number;
} {
  const productOf = new Map(products.map((product) => [product.id, product]));
  const customerOf = new Map(customers.map((customer) => [customer.id, customer]));
  const totals = new Map<string, { orders: number; revenueCents: number; marginCents: number }>();
  let orphans = 0;
  for (const { customerId, productId, quantity, unitCents } of orders) {
    const [product, customer] = [productOf.get(productId), customerOf.get(customerId)];
    if (product === undefined || customer === undefined) {
      orphans += 1;
      continue;
    }
    const key = `${customer.segment}|${product.category}`;
    const total = totals.get(key) ?? { orders: 0, revenueCents: 0, marginCents: 0 };
    total.orders += 1;
    total.revenueCents += quantity * unitCents;
    total.marginCents += quantity * (unitCents - product.costCents);
    totals.set(key, total);
  }
  const rows = [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    orphans,
    totals: rows.map(([key, { orders: count, revenueCents, marginCents }]) => {
      const [segment = '', category = ''] = key.split('|');
      return { segment, category, orders: count, revenue: revenueCents / 100, margin: marginCents / 100 };
    }),
  };
}

/** Ids that orders name and no table has, sorted. */
export function missingIds({ orders, products, customers }: Sales): readonly string[] {
  const known = new Set([...products, ...customers].map(({ id }) => id));
  const named = new Set(orders.flatMap(({ customerId, productId }) => [customerId, productId]));
  return [...named].filter((id) => !known.has(id)).toSorted();
}

/** Revenue by country, the largest first. */
export function revenueByCountry({ orders, customers }: Omit<Sales, 'products'>): readonly {
  readonly country: string;
  readonly revenue: number;
}[] {
  const countryOf = new Map(customers.map(({ id, country }) => [id, country]));
  const cents = new Map<string, number>();
  for (const { customerId, quantity, unitCents } of orders) {
    const country = countryOf.get(customerId) ?? 'unknown';
    cents.set(country, (cents.get(country) ?? 0) + quantity * unitCents);
  }
  return [...cents]
    .map(([country, sum]) => ({ country, revenue: sum / 100 }))
    .toSorted((a, b) => b.revenue - a.revenue);
}
