import { setTimeout as delay } from 'node:timers/promises';
import { alias, all, any, asset, dag, select } from 'tidegate';

// One producer, and consumers of one and of two assets. What a consumer's run saw is the result of its task.

const orders = asset('s3://lake/orders');
const rates = asset('s3://lake/rates');
/** A lost worker is noticed soon. */
const defaults = { heartbeatTimeout: '2 seconds' } as const;

export const producer = dag('producer', { defaults, maxActiveRuns: 50 }, (d) => {
  d.task('produce', { outlets: [orders] }, async ({ emit, runId }) => emit(orders, { extra: { by: runId } }));
});

/** Updates an asset by each of its instances, two at a time. */
export const spread = dag('spread', { defaults, maxActiveTasks: 2 }, (d) => {
  const list = d.task('list', async () => [0, 1, 2, 3, 4, 5]);
  d.map('each', list, { outlets: [orders] }, async ({ emit, item, runId }) => {
    await delay(200);
    emit(orders, { extra: { by: runId, item } });
  });
});

/** Updates an asset as a whole. */
export const whole = dag('whole', { outlets: [orders], defaults }, (d) => {
  d.task('work', async () => 1);
});

export const single = dag('single', { schedule: orders, defaults, maxActiveRuns: 2 }, (d) => {
  d.task('read', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
});

export const pair = dag('pair', { schedule: all(orders, rates), defaults, maxActiveRuns: 1 }, (d) => {
  d.task('read', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
});

const files = alias('files');

/** Registers an asset with each run. */
export const aliased = dag('aliased', { defaults, maxActiveRuns: 50 }, (d) => {
  d.task('produce', { outlets: [files] }, ({ emit, runId }) =>
    emit.via(files, asset(`s3://lake/files/${encodeURIComponent(runId)}`), { extra: { by: runId } }),
  );
});

export const throughAlias = dag('through_alias', { schedule: files, defaults }, (d) => {
  d.task('read', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
});

/** Gets a new version with each asset. */
export const selected = dag(
  'selected',
  { schedule: any(select.matching('s3://lake/files/*')), defaults },
  (d) => {
    d.task('read', async ({ events }) => (await events.all().toArray()).map(({ seq }) => seq));
  },
);

/** Two of its instances at a time, of all of its runs. */
export const narrow = dag('narrow', { defaults, maxActiveRuns: 50 }, (d) => {
  const list = d.task('list', async () => [0, 1, 2]);
  d.map('each', list, { pool: 'narrow' }, async () => delay(150));
});
