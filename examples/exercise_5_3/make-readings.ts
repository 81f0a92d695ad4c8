/**
 * Writes `readings.csv` anew: the same bytes every time, from a fixed seed.
 * Run: node --import tsx examples/exercise_5_3/make-readings.ts
 */
import { writeFile } from 'node:fs/promises';
import { randomFrom } from '../random.ts';

const random = randomFrom(53);
const stations = [
  { id: 'harbour', base: 7, swing: 3, unit: 'C' },
  { id: 'airport', base: 5, swing: 6, unit: 'C' },
  // An older station, which reports in Fahrenheit.
  { id: 'hilltop', base: 2, swing: 5, unit: 'F' },
] as const;
const everyHours = 3;
const days = 21;
const firstDayAt = Date.UTC(2024, 2, 4);

const lines: string[] = [];
for (let hour = 0; hour < days * 24; hour += everyHours) {
  const at = new Date(firstDayAt + hour * 3_600_000).toISOString().replace('.000', '');
  for (const { id, base, swing, unit } of stations) {
    const celsius =
      base + hour / 90 + swing * Math.sin(((hour % 24) - 9) * (Math.PI / 12)) + (random(40) - 20) / 10;
    const rain = Math.max(0, random(60) - 45) / 10;
    const dirt = random(60);
    const value = unit === 'F' ? (celsius * 9) / 5 + 32 : celsius;
    // Sensors break: no value, or one that no place on earth has.
    const temperature = dirt === 0 ? '' : dirt === 1 ? '999.0' : value.toFixed(1);
    lines.push([id, at, temperature, unit, rain.toFixed(1)].join(','));
    // A station that was not sure it was heard sends a reading again.
    if (random(80) === 0) lines.push(lines.at(-1) ?? '');
  }
}
const header = 'station,at,temperature,unit,rain_mm';
await writeFile(new URL('readings.csv', import.meta.url), `${[header, ...lines].join('\n')}\n`);
