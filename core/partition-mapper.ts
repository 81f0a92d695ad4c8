import type { CalendarUnit } from './wall-time.ts';

/**
 * How a consumer by partition makes the key it works on, the target key, from the key of an event, the source key. JSON, as scenarios and plans
 * hold it; reading it fills in what an author left out.
 */
export type PartitionMapper =
  | { readonly type: 'identity' }
  | StartOfMapper
  /** Each dimension of a key, they are separated by `|`, by a mapper of its own. */
  | { readonly type: 'product'; readonly mappers: readonly PartitionMapper[] }
  /** Keys that stay as they are; others are refused. */
  | { readonly type: 'allowed'; readonly keys: readonly string[] }
  /** One key for all. */
  | { readonly type: 'fixed'; readonly key: string }
  /** One after the other. */
  | { readonly type: 'chain'; readonly mappers: readonly PartitionMapper[] }
  | FanOutMapper
  | RollUpMapper;

/** A time to the beginning of the hour, day, … it lies in. */
export interface StartOfMapper {
  readonly type: 'startOf';
  readonly unit: CalendarUnit;
  /** In which the units begin, and source keys are read that say no offset (`%z`). */
  readonly timezone: string;
  /** How source keys write a time. */
  readonly inputFormat: string;
  /** How the target key writes the beginning. */
  readonly outputFormat: string;
}

/** The keys of a window are the parts of a unit of time: an hour's minutes, a day's hours, the days of a week or month, the months of a quarter or year. */
export interface TimeWindow {
  readonly window: CalendarUnit;
}

/** The keys of a window are these. */
export interface SegmentWindow {
  readonly segments: readonly string[];
}

export type PartitionWindow = TimeWindow | SegmentWindow;

/** A time, and the parts of the unit that it is mapped to. */
export interface InTime {
  readonly mapper: StartOfMapper;
  /** Of the mapper's own unit. */
  readonly window: TimeWindow;
}

export interface InSegments {
  readonly mapper: PartitionMapper;
  readonly window: SegmentWindow;
}

/** One source key to every key of a window. */
export type FanOutMapper = (
  | (InTime & {
      /** How target keys write the beginnings of the parts. */
      readonly outputFormat: string;
    })
  | InSegments
) & {
  readonly type: 'fanout';
  /** Most target keys of one source key: a key with more gets none. */
  readonly maxKeys: number;
};

/** Many source keys, those of a window, to one target key. */
export type RollUpMapper = (InTime | InSegments) & {
  readonly type: 'rollup';
  /**
   * How many keys of the window it takes: at least `min` of them, or for a negative one all but so many, and never less than one.
   * Absent: all.
   */
  readonly wait?: { readonly min: number };
};

/** Whether the window of a mapper consists of parts of a unit of time. */
export function isInTime<Mapper extends InTime | InSegments>(
  mapper: Mapper,
): mapper is Extract<Mapper, InTime> {
  return 'window' in mapper.window;
}

/** The mappers that a mapper is made of, itself first. */
export function mappersIn(mapper: PartitionMapper): readonly PartitionMapper[] {
  const inside = 'mappers' in mapper ? mapper.mappers : 'mapper' in mapper ? [mapper.mapper] : [];
  return [mapper, ...inside.flatMap(mappersIn)];
}
