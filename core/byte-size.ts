import { TidegateError } from './errors.ts';
import { shown } from './json.ts';

const unitBytes: Readonly<Record<string, number>> = { KiB: 1_024, MiB: 1_024 ** 2, GiB: 1_024 ** 3 };

/**
 * Bytes in a size as authors write it: `'512 MiB'`, `'1.5 GiB'`; rounded to whole ones.
 * @throws TidegateError `invalid_definition` when it is not a positive number with KiB, MiB or GiB
 */
export function parseByteSize(value: string): number {
  const [, amount, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([KMG]iB)\s*$/.exec(value) ?? [];
  const bytes = Math.round(Number(amount) * (unitBytes[unit] ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new TidegateError(
    'invalid_definition',
    `size ${shown(value)} is not valid: write a positive number and a unit, as in '512 MiB' or '1.5 GiB'`,
  );
}
