import { type PastEvent, type PastStep, startBacktest } from '../../core/backtest.ts';
import { parseRunId, parseDagId, type RunId } from '../../core/ids.ts';
import { parseScenario } from '../../core/parse-scenario.ts';

const anId = (id: string): RunId => parseRunId(parseDagId('sales'), id);
const event = (seq: number, asset: string): PastEvent => ({
  seq,
  asset,
  at: seq * 1_000,
  via: [],
  partition: null,
  extra: {},
});
const batch = (...events: readonly PastEvent[]): PastStep => ({
  kind: 'events',
  at: events[0]?.at ?? 0,
  events,
});

const play = (
  steps: readonly PastStep[],
  options: object = {},
  ends: Readonly<Record<string, number | null>> = {},
) => {
  const { steps: _, ...scenario } = parseScenario({ schedule: ['a', 'b'], steps: [], ...options });
  const backtest = startBacktest(scenario, { endOf: (id) => ends[id], typicalMs: 5_000 });
  for (const step of steps) backtest.take(step);
  return backtest.end(100_000);
};
const shown = ({ runs }: ReturnType<typeof play>) => runs.map(({ runId, at, events }) => [runId, at, events]);

describe('a schedule over the past', () => {
  it('names its runs as they were named, by positions of the log', () => {
    const result = play([batch(event(3, 'a')), batch(event(7, 'b'), event(8, 'a')), batch(event(9, 'b'))]);
    expect(shown(result)).toEqual([['asset__8', 7_000, [3, 7, 8]]]);
    expect(result.sentence).toBe('Waits for a; 1 of 2 assets updated.');
  });

  it('has the slots that there were: of runs that were, of others for as long as runs usually take', () => {
    const pair = (seq: number) => batch(event(seq, 'a'), event(seq + 1, 'b'));
    const steps = [pair(1), pair(3), pair(20)];
    expect(shown(play(steps, { maxActiveRuns: 1 }))).toEqual([
      ['asset__2', 1_000, [1, 2]],
      ['asset__4', 6_000, [3, 4]],
      ['asset__21', 20_000, [20, 21]],
    ]);
    expect(shown(play(steps, { maxActiveRuns: 1 }, { asset__2: 30_000 }))).toEqual([
      ['asset__2', 1_000, [1, 2]],
      ['asset__21', 30_000, [3, 4, 20, 21]],
    ]);
    const held = { kind: 'request', at: 0, runId: anId('by_hand'), endedAt: 25_000 } as const;
    expect(shown(play([held, ...steps], { maxActiveRuns: 1 }))).toEqual([
      ['asset__21', 25_000, [1, 2, 3, 4, 20, 21]],
    ]);
    expect(shown(play([{ ...held, endedAt: null }, ...steps], { maxActiveRuns: 1 }))).toEqual([]);
  });

  it('has its pauses, clears, ticks and deadlines', () => {
    const steps: readonly PastStep[] = [
      batch(event(1, 'a')),
      { kind: 'pause', at: 1_500 },
      batch(event(2, 'b')),
      { kind: 'unpause', at: 9_000 },
      batch(event(10, 'a')),
      { kind: 'clear', at: 11_000, name: 'a' },
      batch(event(12, 'b')),
    ];
    expect(shown(play(steps))).toEqual([['asset__2', 9_000, [1, 2]]]);
    const due = (at: number): PastStep => ({ kind: 'deadline', at });
    const late = [...steps.slice(0, 5), due(10_500), ...steps.slice(5), due(20_000)];
    expect(play(late, { deadline: { onMissing: 'run' } }).runs.slice(1)).toEqual([
      {
        ...{ runId: 'deadline__1970-01-01T00:00:20.000Z', at: 20_000, trigger: 'deadline', partition: null },
        ...{ events: [12], missing: ['a'] },
      },
    ]);
    const ticked = play([{ kind: 'tick', at: 500 }, ...steps], { schedule: { time: true, and: ['a', 'b'] } });
    expect(ticked.runs).toMatchObject([
      { runId: 'scheduled__1970-01-01T00:00:00.500Z', at: 9_000, ticks: ['1970-01-01T00:00:00.500Z'] },
    ]);
  });

  it('opens at the time at which what settles has settled', () => {
    const steps = [batch(event(1, 'a'), event(2, 'b')), batch(event(50, 'a'))];
    expect(shown(play(steps, { settle: { quiet: '10s' } }))).toEqual([['asset__2', 12_000, [1, 2]]]);
  });

  it('names runs by partition, too', () => {
    const of = (seq: number, asset: string, partition: string): PastEvent => ({
      ...event(seq, asset),
      partition,
    });
    const result = play([batch(of(1, 'a', 'x')), batch(of(2, 'a', 'y')), batch(of(3, 'b', 'x'))], {
      partitioned: true,
    });
    expect(result.runs).toMatchObject([{ runId: 'asset__3__x', partition: 'x', events: [1, 3] }]);
  });
});
