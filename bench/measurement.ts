import { type CpuTimes, sumOf } from './cpu.ts';

/** What a number has to be. */
export interface Target {
  readonly of: 'ratio' | 'ours';
  readonly kind: 'at most' | 'at least';
  readonly value: number;
}

/** One line of the result: a number of ours, beside what it is compared with. */
export interface Measurement {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly base?: { readonly what: string; readonly value: number };
  /** Ours by base; of several pairs measured one after the other, the median. */
  readonly ratio?: number;
  readonly target?: Target;
  /** Every pair `[ours, base]` in the order it was measured, or every value of ours. */
  readonly samples: readonly (readonly [number, number] | number)[];
  readonly note?: string;
}

/** Processor time for one of something, ours and raw, by process in the note. */
export function compareCpu(
  what: string,
  baseName: string,
  pairs: readonly (readonly [CpuTimes, CpuTimes])[],
): Measurement {
  const sums = pairs.map(([ours, base]) => [sumOf(ours), sumOf(base)] as const);
  const list = (side: 0 | 1): string => {
    const names = Object.keys(pairs[0]?.[side] ?? {});
    return names
      .map((name) => [name, median(pairs.map((pair) => pair[side][name] ?? 0))] as const)
      .filter(([, ms]) => ms >= 0.01)
      .map(([name, ms]) => `${name} ${ms.toFixed(2)}`)
      .join(', ');
  };
  return { ...compare(what, 'ms', baseName, sums), note: `ours: ${list(0)}; ${baseName}: ${list(1)}` };
}

/** Compares what was measured in pairs, one after the other, so that what else the machine does falls on both. */
export function compare(
  what: string,
  unit: string,
  baseName: string,
  pairs: readonly (readonly [number, number])[],
  target?: Target,
): Measurement {
  return {
    ...{ what, unit, samples: pairs },
    ours: median(pairs.map(([ours]) => ours)),
    base: { what: baseName, value: median(pairs.map(([, base]) => base)) },
    ratio: median(pairs.map(([ours, base]) => ours / base)),
    ...(target === undefined ? {} : { target }),
  };
}

export function atMost(value: number): Target {
  return { of: 'ratio', kind: 'at most', value };
}

export function atLeast(value: number): Target {
  return { of: 'ratio', kind: 'at least', value };
}

/** Whether a target is met; `undefined` where there is none. */
export function isMet({ ours, ratio, target }: Measurement): boolean | undefined {
  if (target === undefined) return undefined;
  const value = target.of === 'ours' ? ours : (ratio ?? Number.NaN);
  return target.kind === 'at most' ? value <= target.value : value >= target.value;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
