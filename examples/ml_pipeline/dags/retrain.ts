import { assetOrTime, dag } from 'tidegate';
import { candidate, driverFeatures, featureFiles, modelFiles, rideFeatures, serving } from '../assets.ts';
import { DriverFeatures, RideFeatures } from '../features.ts';
import { evaluate, EtaModel, train } from '../model.ts';

const readRides = (name: 'training' | 'test'): Promise<readonly RideFeatures[]> =>
  featureFiles.readLines(`rides/v3/${name}.jsonl`, (row) => RideFeatures.parse(row));

/** Only when both feature sets are fresh, and every Monday whatever happened. */
export const retrain = dag(
  'ml_retrain_eta',
  {
    schedule: assetOrTime({ cron: '0 4 * * 1', timezone: 'Europe/Berlin' }, rideFeatures.and(driverFeatures)),
    tags: ['ml', 'consumer', 'producer'],
    description: 'Trains the model that estimates how long a ride takes, and says whether it is better',
    // One after the other, so that each is compared with what the one before it led to.
    maxActiveRuns: 1,
  },
  (d) => {
    const announce = d.task('announce', async ({ run, events, log }) => {
      log.info('retraining', { because: run.trigger, updates: await events.all().count() });
      for await (const { source, extra } of events.of(rideFeatures))
        log.info('fresh rides', { by: 'dagId' in source ? source.dagId : source.kind, ...extra });
      for await (const { source, extra } of events.of(driverFeatures))
        log.info('fresh drivers', { by: 'dagId' in source ? source.dagId : source.kind, ...extra });
    });

    const trained = d.task('train', { needs: [announce] }, async ({ runId, log, skip }) => {
      const isThere = await Promise.all(
        ['rides/v3/training.jsonl', 'drivers/v3/drivers.jsonl'].map((name) => featureFiles.has(name)),
      );
      if (isThere.includes(false)) skip('there are no features yet');
      const drivers = await featureFiles.readLines('drivers/v3/drivers.jsonl', (row) =>
        DriverFeatures.parse(row),
      );
      const model = train(await readRides('training'), drivers);
      const file = `eta/candidates/${encodeURIComponent(runId)}.json`;
      await modelFiles.writeJson(file, model);
      log.info('trained', { rides: model.trainedOn, drivers: drivers.length, weights: model.weights.length });
      return { file, trainedOn: model.trainedOn };
    });

    d.task(
      'evaluate',
      { needs: { trained }, inlets: [serving], outlets: [candidate] },
      async ({ needs, inlets, emit, log }) => {
        const model = await modelFiles.readJson(needs.trained.file, (value) => EtaModel.parse(value));
        const { error, errorOfGuess, rides } = evaluate(model, await readRides('test'));
        // The history of the served model says what to beat.
        const beat = (await inlets.of(serving).last())?.extra.error ?? errorOfGuess;
        const extra = { ...needs.trained, error, errorOfGuess, isBetter: error < beat };
        log.info('evaluated', { rides, beat, error, isBetter: extra.isBetter });
        emit(candidate, { extra });
      },
    );
  },
);
