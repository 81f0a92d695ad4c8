import { asset, defineAsset, defineAssets } from 'tidegate';
import { z } from 'zod';
import { readCsv } from '../../csv.ts';
import { weatherFiles } from '../lake.ts';
import { cleaned, daysOf, Reading, ReadingLine, weekOf } from '../weather.ts';

const tags = ['exercise', 'module-05', 'assets', 'define-asset'];
const readings = z.object({ readings: z.int().nonnegative() });

/** Asset A, extract: what the stations sent, as it came. */
export const rawReadings = defineAsset(
  's3://data-lake/weather/raw',
  { id: 'exercise_5_3_extract', group: 'weather', tags, eventExtra: readings },
  async ({ self, emit }) => {
    const lines = await readCsv(new URL('../readings.csv', import.meta.url), (line) =>
      ReadingLine.parse(line),
    );
    await weatherFiles.writeLines('raw.jsonl', lines);
    emit(self, { extra: { readings: lines.length } });
  },
);

/** Asset B, transform: in one unit, without what broken sensors say. Depends on A. */
export const cleanReadings = defineAsset(
  's3://data-lake/weather/clean',
  {
    id: 'exercise_5_3_transform',
    schedule: rawReadings,
    upstream: { raw: rawReadings },
    group: 'weather',
    tags,
    eventExtra: readings.extend({ leftOut: z.int().nonnegative() }),
  },
  async ({ upstream, self, emit, log, skip }) => {
    if (!(await weatherFiles.has('raw.jsonl'))) skip('run exercise_5_3_extract first');
    const lines = await weatherFiles.readLines('raw.jsonl', (line) => ReadingLine.parse(line));
    const rows = cleaned(lines);
    await weatherFiles.writeLines('clean.jsonl', rows);
    // What stands upstream is typed by its own schema.
    const sent = (await upstream.raw.last())?.extra.readings ?? 0;
    log.info('readings cleaned', { sent, kept: rows.length });
    emit(self, { extra: { readings: rows.length, leftOut: lines.length - rows.length } });
  },
);

const days = asset('postgres://warehouse/weather/public/days', { group: 'weather' });
const stations = asset('postgres://warehouse/weather/public/stations', { group: 'weather' });

/** Assets C, load: two tables by one function. Depends on B. */
export const warehouse = defineAssets(
  [days, stations],
  { id: 'exercise_5_3_load', schedule: cleanReadings, tags },
  async ({ emit, log, skip }) => {
    if (!(await weatherFiles.has('clean.jsonl'))) skip('run exercise_5_3_extract first');
    const rows = daysOf(await weatherFiles.readLines('clean.jsonl', (row) => Reading.parse(row)));
    const totals = weekOf(rows);
    await weatherFiles.writeLines('warehouse/days.jsonl', rows);
    await weatherFiles.writeLines('warehouse/stations.jsonl', totals);
    for (const { station, days: count, coldest, mean, warmest } of totals)
      log.info('station loaded', { station, days: count, coldest, mean, warmest });
    emit(days, { extra: { rows: rows.length } });
    emit(stations, { extra: { rows: totals.length } });
  },
);
