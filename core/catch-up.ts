import { invalidOption } from './invalid-option.ts';
import { maxIn } from './whole-number.ts';

/** Which times of a schedule still get their run when they passed without one: the last, or so many of the last. */
export type Catchup = 'latest' | number;

/** The same as an author writes it. */
export type CatchupInput = 'none' | 'latest' | { readonly max: number };

/** Most times that are made up for at once. */
export const maxCatchup = 1_000;

/** @throws TidegateError `invalid_definition` unless it is one of the three; absent means `'none'` */
export function parseCatchup(value: unknown, name = 'catchup'): Catchup | undefined {
  if (value === undefined || value === 'none') return undefined;
  if (value === 'latest') return value;
  const max = maxIn(value, maxCatchup);
  if (max !== undefined) return max;
  throw invalidOption(
    name,
    value,
    `use 'none', 'latest', or {max: n} with a whole number from 1 to ${maxCatchup}`,
  );
}

/**
 * Times to make up for. With `'latest'` it is the last one, unless it has its run: whatever comes later stands for those before it.
 * @param times - of the schedule, in order; those that passed since it was last looked
 * @param known - those of them that have their run
 */
export function timesToMakeUp(
  catchup: Catchup,
  times: readonly number[],
  known: ReadonlySet<number>,
): readonly number[] {
  const isMissed = (at: number): boolean => !known.has(at);
  return catchup === 'latest' ? times.slice(-1).filter(isMissed) : times.filter(isMissed).slice(-catchup);
}
