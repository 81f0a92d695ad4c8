import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { now } from './marks.ts';
import { atMost, compare } from './measurement.ts';
import { startParent } from './raw/client.ts';

/** Between two samples, so that runs of one are closed before the next. */
const pauseMs = 1_500;

/** One event → all of its 100 consumers have started, beside 100 signals at once and beside 10 consumers. */
export const fanOut: Bench = {
  name: 'fan-out',
  async run(stand, { rounds }, say) {
    const { marks, temporal, api } = stand;
    const names = Array.from({ length: 100 }, (_, index) => `fan-out-raw-${index}`);
    const parents = await Promise.all(names.map((name) => startParent(temporal.client, name)));

    const event = async (consumers: number): Promise<number> => {
      const assetId = await stand.assetId(`bench://fan-out/${consumers}`);
      const before = marks.count(`of_${consumers}`);
      const sentAt = now();
      await api.post('/api/v2/assets/events', { asset_id: assetId });
      const times = await marks.more(`of_${consumers}`, before, consumers);
      await delay(pauseMs);
      return Math.max(...times) - sentAt;
    };
    const signals = async (): Promise<number> => {
      const before = names.map((name) => marks.count(name));
      const sentAt = now();
      await Promise.all(parents.map((parent) => parent.signal('go')));
      const times = await Promise.all(names.map((name, index) => marks.more(name, before[index] ?? 0, 1)));
      await delay(pauseMs);
      return Math.max(...times.flat()) - sentAt;
    };

    await event(100);
    await event(10);
    await signals();
    const againstRaw: [number, number][] = [];
    const againstTen: [number, number][] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}`);
      const hundred = await event(100);
      againstRaw.push([hundred, await signals()]);
      againstTen.push([hundred / 100, (await event(10)) / 10]);
    }
    return [
      compare('1 event → the last of 100 consumers started', 'ms', '100 signals at once', againstRaw),
      compare('the same, a consumer', 'ms', 'of 10 consumers', againstTen, atMost(1.2)),
    ];
  },
};
