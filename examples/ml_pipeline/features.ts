import { z } from 'zod';

const zones = ['centre', 'harbour', 'suburb', 'airport'] as const;

/** One line of `trips.csv`. */
export const Trip = z
  .object({
    ride_id: z.string(),
    requested_at: z.iso.datetime(),
    driver_id: z.string(),
    zone: z.enum(zones),
    distance_km: z.coerce.number().positive(),
    duration_min: z.coerce.number().positive(),
  })
  .transform(({ ride_id, requested_at, driver_id, distance_km, duration_min, zone }) => ({
    id: ride_id,
    at: requested_at,
    driverId: driver_id,
    zone,
    km: distance_km,
    minutes: duration_min,
  }));
export type Trip = z.infer<typeof Trip>;

/** One line of `drivers.csv`. */
export const DriverLine = z
  .object({ driver_id: z.string(), years: z.coerce.number().int().nonnegative() })
  .transform(({ driver_id: id, years }) => ({ id, years }));

/** What is known of a ride before it begins, and how long it took. */
export const RideFeatures = z.object({
  id: z.string(),
  /** The week it was in, 1 for the first one. */
  week: z.int(),
  driverId: z.string(),
  zone: z.enum(zones),
  km: z.number(),
  isRush: z.boolean(),
  minutes: z.number(),
});
export type RideFeatures = z.infer<typeof RideFeatures>;

/** What is known of a driver. */
export const DriverFeatures = z.object({
  id: z.string(),
  rides: z.int(),
  /** Minutes for what the average driver drives in one. */
  pace: z.number(),
});
export type DriverFeatures = z.infer<typeof DriverFeatures>;

const weekMs = 7 * 86_400_000;
const firstWeekAt = Date.UTC(2024, 2, 4);
const rushHours = [7, 8, 9, 16, 17, 18];

/** Which week a time is in, 1 for the first one of the data. */
export function weekOf(at: string): number {
  return Math.floor((Date.parse(at) - firstWeekAt) / weekMs) + 1;
}

export function rideFeaturesOf({ id, at, driverId, zone, km, minutes }: Trip): RideFeatures {
  const time = new Date(at);
  const isRush = rushHours.includes(time.getUTCHours()) && time.getUTCDay() % 6 !== 0;
  return { id, week: weekOf(at), driverId, zone, km, isRush, minutes };
}

/** How a driver's minutes a kilometre compare with those of all in the same zone. A driver without rides counts as average. */
export function driverFeaturesOf(ids: readonly string[], trips: readonly Trip[]): readonly DriverFeatures[] {
  const minutesAKm = (rides: readonly Trip[]): number =>
    rides.reduce((sum, { minutes }) => sum + minutes, 0) / rides.reduce((sum, { km }) => sum + km, 0);
  const usual = new Map(zones.map((zone) => [zone, minutesAKm(trips.filter((trip) => trip.zone === zone))]));
  return ids.map((id) => {
    const own = trips.filter(({ driverId }) => driverId === id);
    const expected = own.reduce((sum, { zone, km }) => sum + km * (usual.get(zone) ?? 0), 0);
    const driven = own.reduce((sum, { minutes }) => sum + minutes, 0);
    return { id, rides: own.length, pace: own.length === 0 ? 1 : driven / expected };
  });
}

/** What the model looks at: for each zone a base, kilometres, and kilometres at rush hour, all at the pace of the driver. */
export function inputsOf({ zone, km, isRush }: RideFeatures, pace: number): readonly number[] {
  return zones.flatMap((one) => (one === zone ? [pace, km * pace, isRush ? km * pace : 0] : [0, 0, 0]));
}
