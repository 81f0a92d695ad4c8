import { z } from 'zod';
import { type DriverFeatures, inputsOf, type RideFeatures } from './features.ts';
import { fitLeastSquares, predict } from './least-squares.ts';

/** Everything that is needed to estimate how long a ride takes. */
export const EtaModel = z.object({
  trainedOn: z.int().positive(),
  weights: z.array(z.number()),
  /** Minutes a kilometre of all rides: what one would guess without a model. */
  minutesAKm: z.number(),
  paces: z.record(z.string(), z.number()),
});
export type EtaModel = z.infer<typeof EtaModel>;

/** Mean absolute errors, in minutes, over rides that the model has not seen. */
export interface Evaluation {
  readonly rides: number;
  readonly error: number;
  readonly errorOfGuess: number;
}

/** @throws Error when there are no rides */
export function train(rides: readonly RideFeatures[], drivers: readonly DriverFeatures[]): EtaModel {
  const paces = Object.fromEntries(drivers.map(({ id, pace }) => [id, pace]));
  const rows = rides.map((ride) => inputsOf(ride, paces[ride.driverId] ?? 1));
  const total = (of: (ride: RideFeatures) => number): number =>
    rides.reduce((sum, ride) => sum + of(ride), 0);
  return {
    trainedOn: rides.length,
    weights: [
      ...fitLeastSquares(
        rows,
        rides.map(({ minutes }) => minutes),
      ),
    ],
    minutesAKm: total(({ minutes }) => minutes) / total(({ km }) => km),
    paces,
  };
}

/** Minutes that a ride will take. */
export function estimate({ weights, paces }: EtaModel, ride: RideFeatures): number {
  return predict(weights, inputsOf(ride, paces[ride.driverId] ?? 1));
}

export function evaluate(model: EtaModel, rides: readonly RideFeatures[]): Evaluation {
  const meanError = (guess: (ride: RideFeatures) => number): number =>
    rides.reduce((sum, ride) => sum + Math.abs(guess(ride) - ride.minutes), 0) / rides.length;
  return {
    rides: rides.length,
    error: rounded(meanError((ride) => estimate(model, ride))),
    errorOfGuess: rounded(meanError(({ km }) => km * model.minutesAKm)),
  };
}

function rounded(minutes: number): number {
  return Math.round(minutes * 100) / 100;
}
