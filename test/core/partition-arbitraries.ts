import * as fc from 'fast-check';
import { parsePartitionMapper } from '../../core/parse-partition-mapper.ts';
import type { PartitionMapper, RollUpMapper } from '../../core/partition-mapper.ts';
import { type CalendarUnit, calendarUnits, wallTimeOf } from '../../core/wall-time.ts';

/** Zones with clocks that are set by an hour, by half an hour, by two, at midnight, over a whole day, or never. */
export function anyTimezone(): fc.Arbitrary<string> {
  return fc.constantFrom(
    ...['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Antarctica/Troll'],
    ...['America/Sao_Paulo', 'Asia/Beirut', 'Pacific/Apia', 'Asia/Kathmandu', 'America/Havana'],
  );
}

export function anyUnit(): fc.Arbitrary<CalendarUnit> {
  return fc.constantFrom(...calendarUnits);
}

/** Any millisecond of sixty years, and the days around the ends of years and the setting of clocks more often. */
export function anyInstant(): fc.Arbitrary<number> {
  const hours = fc.integer({ min: -40, max: 40 }).map((hour) => hour * 1_800_000);
  const special = fc.constantFrom(
    ...['2024-03-10', '2024-11-03', '2024-03-31', '2024-10-27', '2024-04-07', '2024-10-06', '2018-02-18'],
    ...['2018-11-04', '2022-03-27', '2011-12-30', '2020-12-31', '2021-01-03', '2024-12-31', '2026-01-01'],
  );
  return fc.oneof(
    fc.integer({ min: wallTimeOf(1_975, 1, 1), max: wallTimeOf(2_035, 1, 1) }),
    fc.tuple(special, hours).map(([day, ms]) => Date.parse(day) + ms),
  );
}

/** A mapper that is written by hand, with all that is left out filled in. */
export function aMapper(mapper: unknown): PartitionMapper {
  return parsePartitionMapper('mapper', mapper);
}

export function aRollUp(mapper: unknown, window: unknown, wait?: unknown): RollUpMapper {
  const parsed = aMapper({ type: 'rollup', mapper, window, wait });
  if (parsed.type !== 'rollup') throw new Error('it is no roll-up');
  return parsed;
}

/** JSON of a mapper that is valid, but for mappers that take only some keys or make several. */
export function anyMapperJson(): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  const anyKey = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((key) => key.trim() !== '');
  return fc.letrec<{ readonly mapper: Readonly<Record<string, unknown>> }>((tie) => ({
    mapper: fc.oneof(
      { depthSize: 'small', maxDepth: 3 },
      fc.constant({ type: 'identity' }),
      fc.record({ type: fc.constant('fixed'), key: anyKey }),
      fc.record({ type: fc.constant('allowed'), keys: fc.array(anyKey, { minLength: 1, maxLength: 3 }) }),
      fc.record({ type: fc.constant('startOf'), unit: anyUnit(), timezone: anyTimezone() }),
      fc.record({
        type: fc.constant('chain'),
        mappers: fc.array(tie('mapper'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({
        type: fc.constant('product'),
        mappers: fc.array(tie('mapper'), { minLength: 1, maxLength: 3 }),
      }),
    ),
  })).mapper;
}
