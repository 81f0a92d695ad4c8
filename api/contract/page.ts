import { z } from 'zod';
import { TidegateError } from '../../core/errors.ts';
import { quote } from '../../core/ids.ts';
import { TextList, WholeNumber } from './scalars.ts';

/** Entries of a page when the caller does not say. */
export const defaultPageLimit = 50;
/** Most entries of a page; a larger `limit` gets this many, as in Airflow. */
export const maxPageLimit = 1_000;

/** Which entries of a list to answer with. */
export const limitParameter = limitWithDefault(defaultPageLimit);

/** How many entries of a list to pass over. */
export const offsetParameter = WholeNumber.default(0).meta({ type: 'integer', minimum: 0, default: 0 });

/** A `limit` of its own default, for lists Airflow answers whole. */
export function limitWithDefault(limit: number) {
  return WholeNumber.transform((wanted) => Math.min(wanted, maxPageLimit))
    .default(limit)
    .meta({ type: 'integer', minimum: 0, default: limit });
}

/** One key of an order, as `order_by` spells it: `-` in front for descending. */
export interface OrderKey<Field extends string> {
  readonly field: Field;
  readonly descending: boolean;
}

/**
 * The `order_by` parameter of a list.
 * @throws TidegateError `invalid_input` for a field that the list cannot be ordered by
 */
export function orderBy<const Field extends string>(
  fields: readonly Field[],
  byDefault: NoInfer<Field> | `-${NoInfer<Field>}`,
) {
  return TextList.transform((keys) => keys.map((key) => parseOrderKey(fields, key)))
    .default([parseOrderKey(fields, byDefault)])
    .meta({
      type: 'array',
      items: { type: 'string', enum: fields.flatMap((field) => [field, `-${field}`]) },
      default: [byDefault],
    });
}

function parseOrderKey<Field extends string>(fields: readonly Field[], key: string): OrderKey<Field> {
  const descending = key.startsWith('-');
  const name = descending ? key.slice(1) : key;
  const field = fields.find((known) => known === name);
  if (field === undefined) {
    throw new TidegateError(
      'invalid_input',
      `order_by ${quote(key)} is not known: use one of ${fields.join(', ')}`,
    );
  }
  return { field, descending };
}

/** Length of a whole list, whatever page of it is shown. */
export const totalEntries = z.int().nonnegative();
