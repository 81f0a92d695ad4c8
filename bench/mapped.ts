import { setTimeout as delay } from 'node:timers/promises';
import { parseDagId, parseRunId } from '../core/ids.ts';
import type { Bench } from './bench.ts';
import { type CpuTimes, cpuBetween } from './cpu.ts';
import { now } from './marks.ts';
import { atLeast, compare, compareCpu } from './measurement.ts';
import { executeMapped } from './raw/client.ts';
import type { Stand } from './stand.ts';

const count = 1_000;

/** Instances of a mapped task a second, from the request of the run until it is closed, beside as many activities of one workflow. */
export const mapped: Bench = {
  name: 'mapped',
  async run(stand, { rounds }, say) {
    let samples = 0;
    const ours = async (): Promise<number> => {
      samples += 1;
      const startedAt = now();
      await runOnce(stand, `mapped-${samples}`);
      return (count / (now() - startedAt)) * 1_000;
    };
    const raw = async (): Promise<number> => {
      const startedAt = now();
      await executeMapped(stand.temporal.client, `mapped-raw-${samples}`, { name: 'mapped-raw', count });
      return (count / (now() - startedAt)) * 1_000;
    };
    const cpuOf = async (act: () => Promise<number>): Promise<readonly [number, CpuTimes]> => {
      const before = stand.cpu();
      const rate = await act();
      return [rate, cpuBetween(before, stand.cpu(), count)];
    };

    await ours();
    await raw();
    const rates: [number, number][] = [];
    const cpu: [CpuTimes, CpuTimes][] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}`);
      const [own, ownCpu] = await cpuOf(ours);
      const [base, baseCpu] = await cpuOf(raw);
      rates.push([own, base]);
      cpu.push([ownCpu, baseCpu]);
    }
    return [
      compare(`a task mapped over ${count} items`, '/s', 'activities of one workflow', rates, atLeast(0.7)),
      compareCpu('processor time of an instance', 'of an activity', cpu),
    ];
  },
};

async function runOnce({ api, db }: Stand, name: string): Promise<void> {
  await api.post('/api/v2/dags/mapped/dagRuns', { logical_date: null, dag_run_id: name });
  const dagId = parseDagId('mapped');
  const runId = parseRunId(dagId, name);
  const run = db.selectFrom('run').select('state').where('dag_id', '=', dagId).where('run_id', '=', runId);
  for (const until = now() + 120_000; now() < until; await delay(20)) {
    const { state } = await run.executeTakeFirstOrThrow();
    if (state === 'success') return;
    if (state === 'failed') throw new Error(`run ${name} failed`);
  }
  throw new Error(`run ${name} is not closed`);
}
