/**
 * Writes `trips.csv`, `drivers.csv` and `new-drivers.csv` anew: the same bytes every time, from a fixed seed.
 * Run: node --import tsx examples/ml_pipeline/make-trips.ts
 */
import { writeFile } from 'node:fs/promises';
import { randomFrom } from '../random.ts';

const random = randomFrom(54);
const zones = { centre: 3.4, harbour: 2.7, suburb: 1.9, airport: 1.6 } as const;
const zoneNames = ['centre', 'centre', 'harbour', 'suburb', 'airport'] as const;
const weeks = 5;
const ridesAWeek = 600;
const firstDayAt = Date.UTC(2024, 2, 4);

const drivers = Array.from({ length: 40 }, (_, index) => ({
  id: `D-${String(index + 1).padStart(2, '0')}`,
  // Minutes a driver takes for what the average one drives in one: what the model has to find out.
  pace: 0.85 + random(31) / 100,
  years: random(15),
}));

const trips = Array.from({ length: weeks * ridesAWeek }, (_, index) => {
  const at = new Date(firstDayAt + Math.floor((index * 7 * 24 * 60) / ridesAWeek) * 60_000);
  const zone = zoneNames[random(zoneNames.length)] ?? 'centre';
  const driver = drivers[random(drivers.length)] ?? { id: 'D-01', pace: 1 };
  const km = 1 + random(180) / 10;
  const isRush = [7, 8, 9, 16, 17, 18].includes(at.getUTCHours()) && at.getUTCDay() % 6 !== 0;
  const noise = 0.92 + random(17) / 100;
  const minutes = (2.5 + km * zones[zone] * (isRush ? 1.35 : 1)) * driver.pace * noise;
  return [
    `R-${String(index + 1).padStart(4, '0')}`,
    at.toISOString().replace('.000', ''),
    driver.id,
    zone,
    km.toFixed(1),
    minutes.toFixed(1),
  ].join(',');
});

const write = (name: string, header: string, lines: readonly string[]): Promise<void> =>
  writeFile(new URL(name, import.meta.url), `${[header, ...lines].join('\n')}\n`);
const driverLines = drivers.map(({ id, years }) => `${id},${years}`);
await write('trips.csv', 'ride_id,requested_at,driver_id,zone,distance_km,duration_min', trips);
await write('drivers.csv', 'driver_id,years', driverLines.slice(0, 34));
await write('new-drivers.csv', 'driver_id,years', driverLines.slice(34));
