import { defineAsset, rollup, startOf } from 'tidegate';
import { z } from 'zod';
import { readCsv } from '../../csv.ts';
import { weatherFiles } from '../lake.ts';
import { cleaned, Day, daysOf, groupedBy, ReadingLine, weekOf } from '../weather.ts';

const tags = ['exercise', 'module-05', 'assets', 'partitions'];

/** Readings as they arrive day by day: one event a day, whose partition key is the day. */
export const arrivals = defineAsset(
  's3://data-lake/weather/arrivals',
  {
    id: 'exercise_5_3_arrivals',
    group: 'weather',
    tags,
    eventExtra: z.object({ readings: z.int() }),
    params: z.object({ from: z.iso.date(), to: z.iso.date() }),
  },
  async ({ params: { from, to }, self, emit, skip }) => {
    const lines = await readCsv(new URL('../readings.csv', import.meta.url), (line) =>
      ReadingLine.parse(line),
    );
    const byDay = groupedBy(lines, ({ at }) => at.slice(0, 10));
    const arrived = byDay.filter(([day]) => from <= day && day <= to);
    if (arrived.length === 0) skip(`no readings from ${from} to ${to}`);
    for (const [day, rows] of arrived) {
      await weatherFiles.writeLines(`arrivals/${day}.jsonl`, rows);
      emit(self, { partition: day, extra: { readings: rows.length } });
    }
  },
);

/** Each day by itself: a run per key, and its own event has the key of the run. */
export const dailyWeather = defineAsset(
  's3://data-lake/weather/daily',
  { id: 'exercise_5_3_daily', schedule: arrivals, partitioned: true, group: 'weather', tags },
  async ({ run, self, emit, log, skip }) => {
    const day = run.partitionKey ?? skip('only for a day: run exercise_5_3_arrivals');
    const lines = await weatherFiles.readLines(`arrivals/${day}.jsonl`, (line) => ReadingLine.parse(line));
    const rows = daysOf(cleaned(lines));
    await weatherFiles.writeLines(`daily/${day}.jsonl`, rows);
    log.info('day computed', { day, stations: rows.length });
    emit(self, { extra: { stations: rows.length } });
  },
);

/** The week once all of its seven days are there, in whatever order they came. */
export const weeklyWeather = defineAsset(
  's3://data-lake/weather/weekly',
  {
    id: 'exercise_5_3_weekly',
    schedule: dailyWeather,
    group: 'weather',
    tags,
    partitioned: {
      default: rollup(startOf('week', { inputFormat: '%Y-%m-%d', outputFormat: '%G-W%V' }), 'week'),
    },
  },
  async ({ run, events, log, skip }) => {
    const week = run.partitionKey ?? skip('only for a week: run exercise_5_3_arrivals');
    // A day that was computed twice has two events.
    const days = new Set<string>();
    for await (const { partitionKey } of events.all()) if (partitionKey !== undefined) days.add(partitionKey);
    const tables = await Promise.all(
      [...days].map((day) => weatherFiles.readLines(`daily/${day}.jsonl`, (row) => Day.parse(row))),
    );
    const rows = weekOf(tables.flat());
    await weatherFiles.writeLines(`weekly/${week}.jsonl`, rows);
    for (const { station, mean, rain } of rows) log.info('week of a station', { week, station, mean, rain });
    return { week, days: days.size };
  },
);
