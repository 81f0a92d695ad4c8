import { dag } from 'tidegate';
import { z } from 'zod';
import { readCsv } from '../../csv.ts';
import { driverFeatures, featureFiles, rideFeatures } from '../assets.ts';
import { DriverFeatures, DriverLine, driverFeaturesOf, rideFeaturesOf, Trip, weekOf } from '../features.ts';

const tags = ['ml', 'producer'];
const weeks = z.int().min(1).max(4);

const readTrips = (): Promise<readonly Trip[]> =>
  readCsv(new URL('../trips.csv', import.meta.url), (line) => Trip.parse(line));
const readDrivers = (name: string): Promise<readonly string[]> =>
  readCsv(new URL(`../${name}`, import.meta.url), (line) => DriverLine.parse(line).id);

export const rides = dag(
  'ml_ride_features',
  {
    description:
      'Computes the features of rides, of the first weeks for training and of the last one for the test',
    tags,
    params: z.object({ weeks: weeks.default(4) }),
  },
  (d) => {
    d.task('compute', { outlets: [rideFeatures] }, async ({ params, emit, log }) => {
      const features = (await readTrips()).map(rideFeaturesOf);
      const training = features.filter(({ week }) => week <= params.weeks);
      const test = features.filter(({ week }) => week === 5);
      await featureFiles.writeLines('rides/v3/training.jsonl', training);
      await featureFiles.writeLines('rides/v3/test.jsonl', test);
      log.info('features of rides computed', { training: training.length, test: test.length });
      emit(rideFeatures, { extra: { rides: training.length, weeks: params.weeks } });
    });
  },
);

export const drivers = dag(
  'ml_driver_features',
  { description: 'Computes how fast each driver is, from four weeks of rides', tags },
  (d) => {
    d.task('compute', { outlets: [driverFeatures] }, async ({ emit, log }) => {
      const known = (await readTrips()).filter(({ at }) => weekOf(at) <= 4);
      const features = driverFeaturesOf(await readDrivers('drivers.csv'), known);
      await featureFiles.writeLines('drivers/v3/drivers.jsonl', features);
      log.info('features of drivers computed', { drivers: features.length });
      emit(driverFeatures, { extra: { drivers: features.length, added: features.length } });
    });
  },
);

export const newDrivers = dag(
  'ml_new_drivers',
  { description: 'Adds drivers who were hired lately to the features, and changes no other', tags },
  (d) => {
    d.task('add', { outlets: [driverFeatures] }, async ({ emit, log, skip }) => {
      if (!(await featureFiles.has('drivers/v3/drivers.jsonl'))) skip('run ml_driver_features first');
      const before = await featureFiles.readLines('drivers/v3/drivers.jsonl', (row) =>
        DriverFeatures.parse(row),
      );
      const ids = (await readDrivers('new-drivers.csv')).filter((id) => !before.some((one) => one.id === id));
      if (ids.length === 0) skip('every new driver is there already');
      const known = (await readTrips()).filter(({ at }) => weekOf(at) <= 4);
      const added = driverFeaturesOf(ids, known);
      await featureFiles.writeLines('drivers/v3/drivers.jsonl', [...before, ...added]);
      log.info('drivers added', { added: added.length, drivers: before.length + added.length });
      emit(driverFeatures, { extra: { drivers: before.length + added.length, added: added.length } });
    });
  },
);
