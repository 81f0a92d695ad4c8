import { z } from 'zod';

/** One line of `orders.csv`, as text. */
export type OrderLine = Readonly<Record<string, string>>;

const OrderRow = z.object({
  id: z.string(),
  day: z.iso.date(),
  country: z.string(),
  product: z.string(),
  quantity: z.int().positive(),
  /** Price of one, in cents: sums of cents are exact. */
  unitCents: z.int(),
});

/** An order that can be counted. */
export type Order = Readonly<z.infer<typeof OrderRow>>;

const TotalRow = z.object({
  day: z.iso.date(),
  country: z.string(),
  orders: z.int(),
  pieces: z.int(),
  revenueCents: z.int(),
});

/** Orders, pieces and revenue of one day and country. */
export type DailyTotal = Readonly<z.infer<typeof TotalRow>>;

/** Why a line was left out. */
export type Rejection = 'duplicate' | 'missing amount' | 'bad date' | 'bad quantity';

/** What the consumer says about the totals; money in whole currency units. */
export interface Report {
  readonly orders: number;
  readonly revenue: number;
  readonly days: readonly { readonly day: string; readonly orders: number; readonly revenue: number }[];
  readonly countries: readonly {
    readonly country: string;
    readonly orders: number;
    readonly revenue: number;
  }[];
}

export function parseOrder(value: unknown): Order {
  return OrderRow.parse(value);
}

export function parseTotal(value: unknown): DailyTotal {
  return TotalRow.parse(value);
}

/** A checker of lines; it remembers order ids, so that the first of two lines with the same id wins. */
export function orderParser(): (line: OrderLine) => Order | Rejection {
  const seen = new Set<string>();
  return (line) => {
    const id = line['order_id'] ?? '';
    if (seen.has(id)) return 'duplicate';
    seen.add(id);
    const day = line['ordered_at']?.slice(0, 10) ?? '';
    if (!isCalendarDay(day)) return 'bad date';
    const quantity = Number(line['quantity']);
    if (!Number.isInteger(quantity) || quantity <= 0) return 'bad quantity';
    const unitCents = Math.round(Number(line['unit_price']) * 100);
    if (line['unit_price'] === '' || !Number.isFinite(unitCents)) return 'missing amount';
    return { id, day, country: line['country'] ?? '', product: line['product'] ?? '', quantity, unitCents };
  };
}

/** Totals by day and country, in that order. */
export function totalsOf(orders: readonly Order[]): readonly DailyTotal[] {
  const totals = new Map<string, DailyTotal>();
  for (const { day, country, quantity, unitCents } of orders) {
    const before = totals.get(`${day} ${country}`) ?? { day, country, orders: 0, pieces: 0, revenueCents: 0 };
    totals.set(`${day} ${country}`, {
      ...before,
      orders: before.orders + 1,
      pieces: before.pieces + quantity,
      revenueCents: before.revenueCents + quantity * unitCents,
    });
  }
  return [...totals].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total);
}

/** Orders and revenue as a whole, per day and per country. */
export function reportOf(totals: readonly DailyTotal[]): Report {
  return {
    ...sumOf(totals),
    days: grouped(totals, (total) => total.day).map(([day, rows]) => ({ day, ...sumOf(rows) })),
    countries: grouped(totals, (total) => total.country).map(([country, rows]) => ({
      country,
      ...sumOf(rows),
    })),
  };
}

function sumOf(totals: readonly DailyTotal[]): { readonly orders: number; readonly revenue: number } {
  return {
    orders: totals.reduce((sum, total) => sum + total.orders, 0),
    revenue: totals.reduce((sum, total) => sum + total.revenueCents, 0) / 100,
  };
}

function grouped(
  totals: readonly DailyTotal[],
  keyOf: (total: DailyTotal) => string,
): readonly (readonly [string, readonly DailyTotal[]])[] {
  const groups = new Map<string, DailyTotal[]>();
  for (const total of totals) groups.set(keyOf(total), [...(groups.get(keyOf(total)) ?? []), total]);
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function isCalendarDay(day: string): boolean {
  const at = Date.parse(day);
  return /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}
