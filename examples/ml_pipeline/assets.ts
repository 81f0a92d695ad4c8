import { asset } from 'tidegate';
import { z } from 'zod';
import { dataLake } from '../data-lake.ts';

const group = 'ml';

export const rideFeatures = asset('feature-store://rides/v3', {
  group,
  description: 'What is known of rides, for training and for the test',
  eventExtra: z.object({ rides: z.int(), weeks: z.int() }),
});

/** Updated by two DAGs: all drivers anew, or new ones beside them. */
export const driverFeatures = asset('feature-store://drivers/v3', {
  group,
  description: 'How fast drivers are',
  eventExtra: z.object({ drivers: z.int(), added: z.int() }),
});

export const candidate = asset('models://eta/candidate', {
  group,
  description: 'The model that was trained last, deployed or not',
  eventExtra: z.object({
    /** In the model registry; every training writes one of its own. */
    file: z.string(),
    trainedOn: z.int(),
    /** Mean absolute errors over the test week, in minutes. */
    error: z.number(),
    errorOfGuess: z.number(),
    /** Than the one that is deployed, or where none is, than a guess. */
    isBetter: z.boolean(),
  }),
});

export const serving = asset('models://eta/serving', {
  group,
  description: 'The model that answers',
  eventExtra: z.object({ error: z.number(), trainedOn: z.int() }),
});

/** Feature store and model registry: two folders of the lake. */
export const featureFiles = dataLake('feature-store');
export const modelFiles = dataLake('models');
