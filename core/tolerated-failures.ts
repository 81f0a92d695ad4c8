import { invalidOption } from './invalid-option.ts';
import { maxMappedInstances } from './task-shape.ts';
import type { Tolerated } from './task-shape.ts';
import { isCount } from './whole-number.ts';

/** How many instances of a mapped task may fail without it: so many, or a share of all as in `'5%'`. */
export type ToleratedInput = number | `${number}%`;

/** @throws TidegateError `invalid_definition` unless it is a whole number from 0 to 10,000, or a share from 0% to 100% */
export function parseTolerated(value: unknown): Tolerated {
  if (value === 0 || isCount(value, maxMappedInstances)) return { count: value };
  const percent = typeof value === 'string' && /^\d{1,3}(\.\d{1,4})?%$/.test(value) ? parseFloat(value) : NaN;
  if (percent <= 100) return { percent };
  throw invalidOption(
    'toleratedFailures',
    value,
    `use a whole number from 0 to ${maxMappedInstances}, or a share such as '5%'`,
  );
}
