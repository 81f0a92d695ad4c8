import { asset } from 'tidegate';
import { z } from 'zod';
import { dataLake } from '../data-lake.ts';

/** Cleaned orders and their daily totals; each update says what the last one holds. */
export const processedData = asset('s3://data-lake/processed_data', {
  group: 'exercise',
  description: 'Cleaned orders and their totals per day and country',
  eventExtra: z.object({
    rows: z.int().nonnegative(),
    rejected: z.int().nonnegative(),
    groups: z.int().nonnegative(),
    revenue: z.number(),
    processedAt: z.iso.datetime(),
  }),
});

/** Where its files are. */
export const processedFiles = dataLake('processed_data');
