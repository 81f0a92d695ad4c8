import * as fc from 'fast-check';
import type { Batch } from '../../core/batch.ts';
import { type Consumer, decide, takeBatches, withRun } from '../../core/consumer.ts';
import { type OnMissing, withDue } from '../../core/deadline.ts';
import { emptyGate } from '../../core/gate-terms.ts';
import { parseScenario } from '../../core/parse-scenario.ts';
import type { StepJson } from '../../core/scenario.ts';
import { simulate } from '../../core/simulate.ts';
import { all, ORDERS, RATES } from '../support/core.ts';

const play = (onMissing: OnMissing, steps: readonly StepJson[], options: object = {}) =>
  simulate(parseScenario({ schedule: ['a', 'b'], deadline: { onMissing }, steps, ...options }));
const start = '2026-01-01T00:00:00.000Z';

describe('a deadline', () => {
  it('runs with what is there, and lists what is missing', () => {
    const { runs, pending, deadlines } = play('run', [{ event: 'a' }, { deadline: true }, { event: 'b' }]);
    expect(runs).toEqual([{ trigger: 'deadline', partition: null, events: ['a#1'], missing: ['b'] }]);
    expect(deadlines).toEqual([{ at: start, outcome: 'run', missing: ['b'] }]);
    expect(pending).toEqual(['b']);
  });

  it('runs also where nothing is there', () => {
    expect(play('run', [{ deadline: true }]).runs).toMatchObject([{ events: [], missing: ['a', 'b'] }]);
  });

  it('lets what is queued expire where it skips, and keeps it where it only alerts', () => {
    const steps = [{ event: 'a' }, { deadline: true }, { event: 'b' }] as const;
    expect(play('skip', steps)).toMatchObject({ runs: [], pending: ['b'], deadlines: [{ outcome: 'skip' }] });
    expect(play('alert', steps)).toMatchObject({
      runs: [{ events: ['a#1', 'b#1'] }],
      deadlines: [{ outcome: 'alert', missing: ['b'] }],
    });
  });

  it('does nothing where a run by events has begun since the one before', () => {
    const both = [{ event: 'a' }, { event: 'b' }] as const;
    const steps = [
      ...both,
      { deadline: true },
      { event: 'a' },
      { advance: '1h' },
      { deadline: true },
    ] as const;
    expect(play('skip', steps).deadlines).toMatchObject([
      { outcome: 'met', missing: [] },
      { outcome: 'skip', missing: ['b'] },
    ]);
  });

  it('does not count a run by hand', () => {
    expect(play('alert', [{ manualRun: true }, { deadline: true }]).deadlines).toMatchObject([
      { outcome: 'alert' },
    ]);
  });

  it('is met by what is all there and waits, for more or for a slot', () => {
    const both = [{ event: 'a' }, { event: 'b' }] as const;
    const settling = play('skip', [...both, { deadline: true }], { settle: { quiet: '1h' } });
    expect(settling).toMatchObject({ pending: ['a', 'b'], deadlines: [{ outcome: 'met' }] });
    const atCap = play('run', [{ manualRun: true }, ...both, { deadline: true }], { maxActiveRuns: 1 });
    expect(atCap).toMatchObject({ runs: [], pending: ['a', 'b'], deadlines: [{ outcome: 'met' }] });
  });

  it('waits for a slot where it runs; a later one then stands for it', () => {
    const steps = [
      { manualRun: true },
      { event: 'a' },
      { deadline: true },
      { advance: '1h' },
      { deadline: true },
    ] as const;
    const held = play('run', steps, { maxActiveRuns: 1 });
    expect(held.runs).toEqual([]);
    expect(held.deadlines).toBeUndefined();
    const freed = play('run', [...steps, { finishRun: 1 }], { maxActiveRuns: 1 });
    expect(freed.runs).toMatchObject([{ trigger: 'deadline', events: ['a#1'] }]);
    expect(freed.deadlines).toMatchObject([{ at: '2026-01-01T01:00:00.000Z', outcome: 'run' }]);
  });

  it('does nothing while the DAG is paused', () => {
    const result = play('skip', [{ event: 'a' }, { pause: true }, { deadline: true }]);
    expect(result).toMatchObject({ pending: ['a'], deadlines: [{ outcome: 'paused' }] });
  });

  it('is one, however often it is told', () => {
    const { deadlines, runs } = play('run', [{ deadline: true }, { deadline: true }]);
    expect(runs).toHaveLength(1);
    expect(deadlines).toMatchObject([{ outcome: 'run' }, { outcome: 'passed' }]);
  });

  it('is refused where it means nothing', () => {
    const parse = (options: object) => () => parseScenario({ schedule: 'a', steps: [], ...options });
    const deadline = { onMissing: 'run' };
    expect(parse({ deadline: 'run' })).toThrow(/deadline "run" is not valid: write \{cron/);
    expect(parse({ deadline: { onMissing: 'panic' } })).toThrow(
      /deadline \{"onMissing":"panic"\} is not valid/,
    );
    expect(parse({ deadline: { ...deadline, at: 1 } })).toThrow(/deadline .* is not valid/);
    expect(parse({ schedule: null, deadline })).toThrow(/deadline and partitions are about events/);
    expect(parse({ deadline, partitioned: true })).toThrow(/does not go together with partitioned/);
    expect(parse({ deadline, batch: 'each' })).toThrow(/does not go together with batch/);
    expect(parse({ deadline, schedule: { time: true, and: 'a' } })).toThrow(
      /does not go together with assetAndTime/,
    );
  });
});

type Happening = 'a' | 'b' | 'deadline' | 'hand' | 'finish' | 'pause' | 'unpause' | 'clear';

const stepOf: Readonly<Record<Happening, StepJson>> = {
  a: { event: 'a' },
  b: { event: 'b' },
  deadline: { deadline: true },
  hand: { manualRun: true },
  finish: { finishRun: 1 },
  pause: { pause: true },
  unpause: { unpause: true },
  clear: { clear: true },
};

/** The same told with lists, second by second. */
function model(happenings: readonly Happening[], onMissing: OnMissing, most: number) {
  const runs: (readonly string[])[] = [];
  const outcomes: string[] = [];
  const counts = { a: 0, b: 0 };
  let queue: readonly string[] = [];
  let [active, requested, isPaused, isDue] = [0, 0, false, false];
  /** Deadlines that came, that were decided, and that were before the newest event of the last run. */
  let [came, decided, ran] = [0, 0, -1];
  const cameBefore = new Map<string, number>();
  const has = (name: string): boolean => queue.some((event) => event.startsWith(name));
  for (const one of happenings) {
    if (one === 'a' || one === 'b') {
      const event = `${one}#${(counts[one] += 1)}`;
      cameBefore.set(event, came);
      queue = [...queue, event];
    }
    if (one === 'deadline') [isDue, came] = [true, came + 1];
    if (one === 'hand') requested += 1;
    if (one === 'finish') active = Math.max(0, active - 1);
    if (one === 'pause' || one === 'unpause') isPaused = one === 'pause';
    if (one === 'clear') queue = [];
    for (;;) {
      const isMet = has('a') && has('b');
      const isFree = !isPaused && active < most;
      if (isDue) {
        const outcome = isPaused ? 'paused' : ran >= decided || isMet ? 'met' : onMissing;
        if (outcome !== 'run' || isFree) {
          outcomes.push(outcome);
          [isDue, decided] = [false, came];
          if (outcome === 'run') {
            runs.push(queue);
            active += 1;
          }
          if (outcome === 'run' || outcome === 'skip') queue = [];
          continue;
        }
      }
      if (!isFree) break;
      if (requested > 0) requested -= 1;
      else if (isMet) {
        runs.push(queue);
        ran = Math.max(...queue.map((event) => cameBefore.get(event) ?? 0));
        queue = [];
      } else break;
      active += 1;
    }
  }
  return { runs, queue, outcomes };
}

describe('any story with deadlines', () => {
  it('comes to what somebody would who keeps lists', () => {
    const anyHappening = fc.constantFrom<Happening>(
      ...([
        'a',
        'a',
        'b',
        'b',
        'deadline',
        'deadline',
        'hand',
        'finish',
        'finish',
        'pause',
        'unpause',
        'clear',
      ] as const),
    );
    const anyOnMissing = fc.constantFrom<OnMissing>('run', 'skip', 'alert');
    fc.assert(
      fc.property(
        ...([
          fc.array(anyHappening, { maxLength: 40, size: 'max' }),
          anyOnMissing,
          fc.integer({ min: 1, max: 3 }),
        ] as const),
        (happenings, onMissing, most) => {
          const steps = happenings.flatMap((one): StepJson[] => [{ advance: '1s' }, stepOf[one]]);
          const { runs, pending, deadlines = [] } = play(onMissing, steps, { maxActiveRuns: most });
          const told = model(happenings, onMissing, most);
          expect(runs.map(({ events }) => events)).toEqual(told.runs);
          expect(deadlines.map(({ outcome }) => outcome)).toEqual(told.outcomes);
          expect(pending).toEqual([...new Set(told.queue.map((event) => event.slice(0, 1)))].toSorted());
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** What a consumer that knows of deadlines decides while it counts batches, cut into messages of these sizes. */
function decisionsOf(times: readonly number[], dues: readonly number[], sizes: readonly number[]) {
  const condition = all(ORDERS, RATES);
  let consumer: Consumer = {
    ...{ gate: dues.reduce(withDue, emptyGate({ condition, deadline: 'run' }, 0)), isPaused: false },
    ...{ maxActiveRuns: 1_000, activeRuns: [], hasRequests: false, requestedRunsConsume: false },
  };
  const decided: string[] = [];
  const batches = times.map((at, index): Batch => {
    const [lastSeq, leaf] = [index + 1, index % 3 === 0 ? ORDERS : RATES];
    const entry = { leaf, count: 1, firstSeq: lastSeq, lastSeq, firstAt: at, lastAt: at };
    return { lastSeq, entries: [entry] };
  });
  const settle = (): void => {
    for (let decision = decide(consumer); decision.kind !== 'wait'; decision = decide(consumer)) {
      if (decision.kind !== 'deadline') throw new Error(`decided ${decision.kind}`);
      decided.push(
        `${decision.dueAt} ${decision.outcome} ${decision.taken.map(({ leaf, count }) => `${leaf}x${count}`).join(' ')}`,
      );
      consumer = { ...consumer, gate: decision.gate };
    }
  };
  let from = 0;
  for (const size of [...sizes, times.length]) {
    let rest: readonly Batch[] = batches.slice(from, from + size);
    const upTo = Math.min(times.length, from + size);
    from = upTo;
    while (rest.length > 0) {
      const taken = takeBatches(consumer, rest, { upTo, more: false });
      decided.push(...taken.asked.map(({ runId }) => runId));
      ({ consumer, rest } = taken);
      consumer = taken.asked.reduce((held, { runId }) => withRun(held, runId), consumer);
      settle();
    }
  }
  return { decided, gate: consumer.gate };
}

describe('deadlines that are known before what was recorded around them is counted', () => {
  it('are decided at their place among it, however it is cut into messages', () => {
    const anyTimes = fc
      .array(fc.integer({ min: 1, max: 60 }), { maxLength: 12 })
      .map((times) => times.toSorted((x, y) => x - y));
    const anyDues = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 4 });
    const anySizes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 });
    fc.assert(
      fc.property(anyTimes, anyDues, anySizes, anySizes, (times, dues, one, other) => {
        expect(decisionsOf(times, dues, one)).toEqual(decisionsOf(times, dues, other));
      }),
    );
  });

  it('count what was recorded at their very time', () => {
    const { decided } = decisionsOf([10, 20, 21], [20], []);
    expect(decided).toEqual(['asset__2', '20 met ']);
  });
});
