import { dag, on } from 'tidegate';
import { candidate, featureFiles, modelFiles, serving } from '../assets.ts';
import { RideFeatures } from '../features.ts';
import { EtaModel, estimate } from '../model.ts';

/** Only candidates that are better: others are filtered out, which the gate and the event say. */
export const deploy = dag(
  'ml_deploy_eta',
  {
    schedule: on(candidate, { where: { 'extra.isBetter': true } }),
    tags: ['ml', 'consumer'],
    description: 'Puts a better model in the place of the one that answers',
  },
  (d) => {
    d.task('deploy', { outlets: [serving] }, async ({ events, emit, log, skip }) => {
      const better = (await events.of(candidate).last()) ?? skip('only for a candidate: run ml_retrain_eta');
      const { file, error, trainedOn } = better.extra;
      const model = await modelFiles.readJson(file, (value) => EtaModel.parse(value));
      await modelFiles.writeJson('eta/serving.json', model);
      log.info('deployed', { error, trainedOn });
      emit(serving, { extra: { error, trainedOn } });
    });
  },
);

/** What others would read: estimates of the model that was deployed, for the rides of the test week. */
export const answer = dag(
  'ml_estimate_rides',
  { schedule: serving, tags: ['ml', 'consumer'], description: 'Estimates rides with the model that answers' },
  (d) => {
    d.task('estimate', async ({ log, skip }) => {
      if (!(await modelFiles.has('eta/serving.json'))) skip('no model is deployed yet');
      const model = await modelFiles.readJson('eta/serving.json', (value) => EtaModel.parse(value));
      const rides = await featureFiles.readLines('rides/v3/test.jsonl', (row) => RideFeatures.parse(row));
      const estimates = rides.map((ride) => ({
        ride: ride.id,
        estimated: Math.round(estimate(model, ride) * 10) / 10,
        took: ride.minutes,
      }));
      await modelFiles.writeLines('eta/estimates.jsonl', estimates);
      for (const one of estimates.slice(0, 3)) log.info('for example', one);
      return { rides: estimates.length };
    });
  },
);
