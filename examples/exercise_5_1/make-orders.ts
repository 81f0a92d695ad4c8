/**
 * Writes `orders.csv` anew: the same bytes every time, from a fixed seed.
 * Run: node --import tsx examples/exercise_5_1/make-orders.ts
 */
import { writeFile } from 'node:fs/promises';
import { randomFrom } from '../random.ts';

const rows = 12_000;
const products = [
  { name: 'notebook', cents: 450 },
  { name: 'backpack', cents: 5_990 },
  { name: 'desk lamp', cents: 3_495 },
  { name: 'pencils, set of 12', cents: 799 },
  { name: 'monitor stand', cents: 4_250 },
  { name: '27" monitor', cents: 24_900 },
];
const countries = ['DE', 'FR', 'ES', 'IT', 'NL', 'PL', 'SE', 'US'];
const firstDayAt = Date.UTC(2024, 0, 1);
const minutes = 90 * 24 * 60;

function quoted(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function makeLines(): readonly string[] {
  const random = randomFrom(51);
  const lines: string[] = [];
  for (let index = 0; index < rows; index += 1) {
    const product = products[random(products.length)] ?? { name: 'notebook', cents: 450 };
    const orderedAt = new Date(
      firstDayAt + Math.floor((index * minutes) / rows) * 60_000 + random(60) * 1_000,
    );
    const amount = ((product.cents * (80 + random(41))) / 100 / 100).toFixed(2);
    const dirt = random(200);
    const line = [
      `O-${String(100_001 + index)}`,
      dirt === 0
        ? '2024-02-30T10:00:00Z'
        : dirt === 1
          ? 'yesterday'
          : orderedAt.toISOString().replace('.000', ''),
      `C-${String(1 + random(2_500)).padStart(4, '0')}`,
      countries[Math.min(random(countries.length), random(countries.length))] ?? 'DE',
      quoted(product.name),
      dirt === 2 ? '-1' : dirt === 3 ? '0' : String(1 + random(5)),
      dirt === 4 || dirt === 5 ? '' : amount,
    ].join(',');
    lines.push(line);
    // A till that was not sure it was heard sends an order again.
    if (random(100) === 0) lines.push(line);
  }
  return lines;
}

const header = 'order_id,ordered_at,customer_id,country,product,quantity,unit_price';
await writeFile(new URL('orders.csv', import.meta.url), `${[header, ...makeLines()].join('\n')}\n`);
