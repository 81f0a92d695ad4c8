import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { type CpuTimes, cpuBetween } from './cpu.ts';
import { now } from './marks.ts';
import { atMost, compare, compareCpu, quantile } from './measurement.ts';
import { startParent } from './raw/client.ts';
import type { Stand } from './stand.ts';

/** Between two samples, so that what is left to do of one is not counted to the next. */
const pauseMs = 100;
const warmUps = 10;
const idleMs = 5_000;

interface Sample {
  /** Since the request was sent. */
  readonly fromRequestMs: number;
  /** Since it was accepted. */
  readonly fromAcceptedMs: number;
}

/** Event accepted → first line of the consumer's task, one event after the other. */
export const latency: Bench = {
  name: 'latency',
  async run(stand, { rounds, isQuick }, say) {
    const parent = await startParent(stand.temporal.client, 'latency-raw');
    const assetId = await stand.assetId('bench://latency');
    const event = () => stand.api.post('/api/v2/assets/events', { asset_id: assetId });
    const signal = () => parent.signal('go');
    await samplesOf(stand, 'latency', warmUps, event);
    await samplesOf(stand, 'latency-raw', warmUps, signal);

    await delay(1_000);
    const idle = stand.cpu();
    await delay(idleMs);
    const idleCpu = cpuBetween(idle, stand.cpu(), idleMs / 1_000);

    const perRound = isQuick ? 15 : Math.max(20, Math.ceil(100 / rounds));
    const ours: (readonly Sample[])[] = [];
    const raw: (readonly Sample[])[] = [];
    const cpu: [CpuTimes, CpuTimes][] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round} of ${rounds}`);
      const start = stand.cpu();
      ours.push(await samplesOf(stand, 'latency', perRound, event));
      const middle = stand.cpu();
      raw.push(await samplesOf(stand, 'latency-raw', perRound, signal));
      cpu.push([cpuBetween(start, middle, perRound), cpuBetween(middle, stand.cpu(), perRound)]);
    }

    // Raw Temporal has accepted nothing before its signal, so that its way begins where the signal is sent.
    const pairs = (share: number, of: (sample: Sample) => number) =>
      ours.map(
        (samples, round) =>
          [
            quantile(samples.map(of), share),
            quantile(
              (raw[round] ?? []).map((sample) => sample.fromRequestMs),
              share,
            ),
          ] as const,
      );
    const count = `${rounds * perRound} each`;
    const base = 'signal → child → activity';
    return [
      compare(
        `event accepted → task code, p50 of ${count}`,
        'ms',
        base,
        pairs(0.5, (sample) => sample.fromAcceptedMs),
        atMost(1.5),
      ),
      compare(
        'event accepted → task code, p95',
        'ms',
        base,
        pairs(0.95, (sample) => sample.fromAcceptedMs),
      ),
      compare(
        'HTTP request sent → task code, p50',
        'ms',
        base,
        pairs(0.5, (sample) => sample.fromRequestMs),
      ),
      compare(
        'HTTP request sent → task code, p95',
        'ms',
        base,
        pairs(0.95, (sample) => sample.fromRequestMs),
      ),
      compareCpu('processor time a second while nothing happens', 'the same', [[idleCpu, idleCpu]]),
      compareCpu('processor time, the whole run and the pause included', 'raw', cpu),
    ];
  },
};

async function samplesOf(
  { marks }: Stand,
  name: string,
  count: number,
  act: () => Promise<unknown>,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let index = 0; index < count; index++) {
    const before = marks.count(name);
    const sentAt = now();
    await act();
    const acceptedAt = now();
    const [startedAt = Number.NaN] = await marks.more(name, before, 1, 10_000);
    samples.push({ fromRequestMs: startedAt - sentAt, fromAcceptedMs: startedAt - acceptedAt });
    await delay(pauseMs);
  }
  return samples;
}
