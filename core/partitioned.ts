import { quote } from './ids.ts';
import { isInTime, type PartitionMapper, type RollUpMapper } from './partition-mapper.ts';
import { neededOf } from './partition-window.ts';
import type { CalendarUnit } from './wall-time.ts';

/** How a consumer by partition makes its keys. JSON. */
export interface Partitioned {
  /** For assets that are not named. */
  readonly default: PartitionMapper;
  /** By the name of the asset. */
  readonly assets: Readonly<Record<string, PartitionMapper>>;
}

/** The same as authors write it: `true` is by the keys of the events themselves, which is also what is left out. */
export type PartitionedInput = boolean | Partial<Partitioned>;

/** Fewest and most keys of a window. */
interface WindowSize {
  readonly least: number;
  readonly most: number;
}

const timeWindowSizes: Readonly<Record<CalendarUnit, WindowSize>> = {
  hour: { least: 60, most: 60 },
  day: { least: 24, most: 24 },
  week: { least: 7, most: 7 },
  month: { least: 28, most: 31 },
  quarter: { least: 3, most: 3 },
  year: { least: 12, most: 12 },
};

/** Where clocks are set, by up to two hours, and keys may say by their offset which of two equal hours they mean. */
const sizesWhereClocksAreSet: Readonly<Partial<Record<CalendarUnit, WindowSize>>> = {
  hour: { least: 30, most: 120 },
  day: { least: 22, most: 26 },
};

/** The mapper for the events of an asset. */
export function mapperFor(partitioned: Partitioned, asset: string): PartitionMapper {
  // Not `in`: assets may be called like what objects have anyway.
  const own = Object.hasOwn(partitioned.assets, asset) ? partitioned.assets[asset] : undefined;
  return own ?? partitioned.default;
}

/** What is valid and yet hardly meant: roll-ups that wait for more keys than their window has. */
export function warningsOf({ default: byDefault, assets }: Partitioned): readonly string[] {
  const of = (whose: string, mapper: PartitionMapper) =>
    mapper.type === 'rollup' ? waitWarnings(whose, mapper) : [];
  return [
    ...of('the roll-up', byDefault),
    ...Object.entries(assets).flatMap(([asset, mapper]) => of(`the roll-up of ${quote(asset)}`, mapper)),
  ];
}

function waitWarnings(whose: string, mapper: RollUpMapper): readonly string[] {
  const { least, most } = sizeOf(mapper);
  const needed = neededOf(mapper, most);
  if (needed > most)
    return [
      `${whose} waits for ${needed} keys of a window that has ${most}, so it never runs: lower wait.min`,
    ];
  if (mapper.wait !== undefined && needed > least && mapper.wait.min > 0)
    return [
      `${whose} waits for ${needed} keys, and some of its windows have ${least}, so it never runs for those: lower wait.min, or write all but so many as a negative one`,
    ];
  return [];
}

function sizeOf(mapper: RollUpMapper): WindowSize {
  if (!isInTime(mapper)) {
    const size = mapper.window.segments.length;
    return { least: size, most: size };
  }
  const { unit, timezone } = mapper.mapper;
  return (timezone === 'UTC' ? undefined : sizesWhereClocksAreSet[unit]) ?? timeWindowSizes[unit];
}
