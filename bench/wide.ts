import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { each } from './clients.ts';
import { now } from './marks.ts';
import { atMost, compare } from './measurement.ts';
import type { Stand } from './stand.ts';

const clients = 8;
const pauseMs = 500;

interface Sample {
  /** From the first event to the task's code, by event. */
  readonly perEventMs: number;
  /** From the event that completed the condition, accepted, to the task's code. */
  readonly fromLastMs: number;
  readonly inBulkMs: number;
}

/** A consumer that waits for 1,000 assets beside one that waits for 100: an event may cost no more. */
export const wide: Bench = {
  name: 'wide',
  async run(stand, { rounds }, say) {
    await sample(stand, 100);
    const thousand: Sample[] = [];
    const hundred: Sample[] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}`);
      thousand.push(await sample(stand, 1_000));
      hundred.push(await sample(stand, 100));
    }
    const pairs = (of: (sample: Sample) => number) =>
      thousand.map((one, round) => {
        const other = hundred[round];
        return [of(one), other === undefined ? Number.NaN : of(other)] as const;
      });
    const base = 'of 100 assets';
    return [
      compare(
        'all of 1,000 assets, an event each: time an event',
        'ms',
        base,
        pairs(({ perEventMs }) => perEventMs),
        atMost(1.2),
      ),
      compare(
        'last event accepted → task code',
        'ms',
        base,
        pairs(({ fromLastMs }) => fromLastMs),
        // Ten times the leaves may cost ten times as much at most.
        atMost(10),
      ),
      compare(
        'all of them in one request → task code',
        'ms',
        base,
        pairs(({ inBulkMs }) => inBulkMs),
        atMost(10),
      ),
    ];
  },
};

async function sample(stand: Stand, count: number): Promise<Sample> {
  const name = `all_of_${count}`;
  const ids = await Promise.all(
    Array.from({ length: count }, (_, index) => stand.assetId(`bench://wide/${count}/${index}`)),
  );
  const [last, ...others] = ids;
  const post = (assetId: number | undefined) =>
    stand.api.post('/api/v2/assets/events', { asset_id: assetId });

  const before = stand.marks.count(name);
  const startedAt = now();
  await each(clients, others.length, (index) => post(others[index]));
  await post(last);
  const lastAt = now();
  const [single = Number.NaN] = await stand.marks.more(name, before, 1);
  await delay(pauseMs);

  const bulkAt = now();
  await stand.api.post('/api/v2/assets/events/bulk', { events: ids.map((asset_id) => ({ asset_id })) });
  const [bulk = Number.NaN] = await stand.marks.more(name, before + 1, 1);
  await delay(pauseMs);
  return {
    perEventMs: (single - startedAt) / count,
    fromLastMs: single - lastAt,
    inBulkMs: bulk - bulkAt,
  };
}
