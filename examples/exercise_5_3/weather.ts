import { z } from 'zod';

/** One line of `readings.csv`, as text. */
export const ReadingLine = z.object({
  station: z.string(),
  at: z.string(),
  temperature: z.string(),
  unit: z.enum(['C', 'F']),
  rain_mm: z.string(),
});
export type ReadingLine = z.infer<typeof ReadingLine>;

/** What a station measured, in degrees Celsius and millimetres. */
export const Reading = z.object({
  station: z.string(),
  at: z.iso.datetime(),
  celsius: z.number(),
  rain: z.number(),
});
export type Reading = z.infer<typeof Reading>;

/** A day of a station. */
export const Day = z.object({
  day: z.iso.date(),
  station: z.string(),
  readings: z.int().positive(),
  coldest: z.number(),
  mean: z.number(),
  warmest: z.number(),
  rain: z.number(),
});
export type Day = z.infer<typeof Day>;

/** A week of a station. */
export interface Week extends Omit<Day, 'day' | 'readings'> {
  readonly days: number;
}

/** Beyond what was ever measured on earth. */
const [coldestOnEarth, warmestOnEarth] = [-90, 57];

/** Readings that can be counted, all in one unit; each station and time once. */
export function cleaned(lines: readonly ReadingLine[]): readonly Reading[] {
  const readings = new Map<string, Reading>();
  for (const { station, at, temperature, unit, rain_mm } of lines) {
    const measured = Number(temperature);
    const celsius = round(unit === 'F' ? ((measured - 32) * 5) / 9 : measured);
    if (temperature === '' || celsius < coldestOnEarth || celsius > warmestOnEarth) continue;
    readings.set(`${station} ${at}`, { station, at, celsius, rain: Number(rain_mm) });
  }
  return [...readings.values()];
}

/** A row for each day and station, in this order. */
export function daysOf(readings: readonly Reading[]): readonly Day[] {
  const groups = groupedBy(readings, ({ at, station }) => `${at.slice(0, 10)} ${station}`);
  return groups.map(([key, group]) => {
    const [day = '', station = ''] = key.split(' ');
    const celsius = group.map((reading) => reading.celsius);
    return {
      ...{ day, station, readings: group.length },
      coldest: Math.min(...celsius),
      mean: round(sum(celsius) / group.length),
      warmest: Math.max(...celsius),
      rain: round(sum(group.map(({ rain }) => rain))),
    };
  });
}

/** A row for each station, over all of the days given. */
export function weekOf(days: readonly Day[]): readonly Week[] {
  return groupedBy(days, ({ station }) => station).map(([station, group]) => ({
    ...{ station, days: group.length },
    coldest: Math.min(...group.map(({ coldest }) => coldest)),
    mean: round(sum(group.map(({ mean }) => mean)) / group.length),
    warmest: Math.max(...group.map(({ warmest }) => warmest)),
    rain: round(sum(group.map(({ rain }) => rain))),
  }));
}

/** Rows by a key of theirs, sorted by it. */
export function groupedBy<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): readonly (readonly [string, readonly Row[]])[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row)) ?? [];
    group.push(row);
    groups.set(keyOf(row), group);
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((before, one) => before + one, 0);
}

/** To a tenth, as stations measure. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
