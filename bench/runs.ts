import { setTimeout as delay } from 'node:timers/promises';
import { parseDagId } from '../core/ids.ts';
import type { Bench } from './bench.ts';
import { each } from './clients.ts';
import { now } from './marks.ts';
import { type CpuTimes, cpuBetween } from './cpu.ts';
import { atLeast, compare, compareCpu } from './measurement.ts';
import { executeRuns } from './raw/client.ts';
import type { Stand } from './stand.ts';

const clients = 8;

/** Runs of one task a second, from the first request until the last run is closed. */
export const runs: Bench = {
  name: 'runs',
  async run(stand, { rounds, isQuick }, say) {
    const count = isQuick ? 100 : 200;
    const assetId = await stand.assetId('bench://runs');
    const byEvents = (of: number) =>
      each(clients, of, () => stand.api.post('/api/v2/assets/events', { asset_id: assetId }));
    const byHand = (of: number) =>
      each(clients, of, () => stand.api.post('/api/v2/dags/by_hand/dagRuns', { logical_date: null }));
    let runsOfRaw = 0;
    const raw = async (of: number, concurrency: number) => {
      runsOfRaw += 1;
      const startedAt = now();
      await executeRuns(stand.temporal.client, `runs-raw-${runsOfRaw}`, {
        ...{ name: 'runs-raw', count: of, concurrency },
      });
      return (of / (now() - startedAt)) * 1_000;
    };

    const cpuOf = async (act: () => Promise<number>): Promise<readonly [number, CpuTimes]> => {
      const before = stand.cpu();
      const rate = await act();
      return [rate, cpuBetween(before, stand.cpu(), count)];
    };

    await rateOfRuns(stand, 'by_events', 50, byEvents);
    await raw(50, 1_000);
    const events: [number, number][] = [];
    const hand: [number, number][] = [];
    const cpu: [CpuTimes, CpuTimes][] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}, by events`);
      const [ours, oursCpu] = await cpuOf(() => rateOfRuns(stand, 'by_events', count, byEvents));
      const [base, baseCpu] = await cpuOf(() => raw(count, 1_000));
      events.push([ours, base]);
      cpu.push([oursCpu, baseCpu]);
      say(`round ${round} of ${rounds}, by hand`);
      hand.push([await rateOfRuns(stand, 'by_hand', count, byHand), await raw(count, 100)]);
    }
    return [
      compare(
        `runs of one task, ${count} started by as many events at once`,
        '/s',
        'child workflows of one activity',
        events,
        atLeast(0.7),
      ),
      compare(
        `runs of one task, ${count} by hand, 100 at a time`,
        '/s',
        'child workflows of one activity, 100 at a time',
        hand,
        atLeast(0.7),
      ),
      compareCpu('processor time of a run started by an event', 'of a child workflow', cpu),
    ];
  },
};

async function rateOfRuns(
  stand: Stand,
  dagId: string,
  count: number,
  start: (count: number) => Promise<void>,
): Promise<number> {
  const before = await closedRuns(stand, dagId);
  const startedAt = now();
  await start(count);
  const until = now() + 120_000;
  for (;;) {
    const closed = (await closedRuns(stand, dagId)) - before;
    if (closed >= count) return (count / (now() - startedAt)) * 1_000;
    if (now() > until) throw new Error(`${dagId}: ${closed} of ${count} runs closed`);
    await delay(20);
  }
}

async function closedRuns({ db }: Stand, dagId: string): Promise<number> {
  const { count } = await db
    .selectFrom('run')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('dag_id', '=', parseDagId(dagId))
    .where('state', 'in', ['success', 'failed'])
    .executeTakeFirstOrThrow();
  return count;
}
