import { setTimeout as delay } from 'node:timers/promises';
import { asset, dag } from 'tidegate';

// DAGs of which one run goes on at a time.

const defaults = { heartbeatTimeout: '2 seconds' } as const;

/** A run that is told to wait does so until it is cancelled. */
export const newest = dag(
  'newest',
  {
    schedule: asset('s3://lake/newest'),
    singleFlight: { policy: 'cancel_running' },
    defaults,
    maxActiveRuns: 2,
  },
  (d) => {
    d.task('work', async ({ run, signal, events }) => {
      if (run.conf['waits'] === true) await delay(600_000, undefined, { signal });
      return (await events.all().toArray()).map(({ seq }) => seq);
    });
  },
);

export const oneByOne = dag(
  'one_by_one',
  { schedule: asset('s3://lake/one_by_one'), singleFlight: { policy: 'queue' }, defaults, maxActiveRuns: 2 },
  (d) => {
    d.task('work', async ({ run, events }) => {
      await delay(run.conf['slow'] === true ? 1_500 : 0);
      return (await events.all().toArray()).map(({ seq }) => seq);
    });
  },
);
