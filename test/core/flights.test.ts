import * as fc from 'fast-check';
import { decide, withoutRuns, withRun } from '../../core/consumer.ts';
import { explainConsumer } from '../../core/explanation.ts';
import type { Queued } from '../../core/gate.ts';
import { runsToStop } from '../../core/flights.ts';
import { isMet } from '../../core/gate-take.ts';
import { heldBy, withoutHeld } from '../../core/held-keys.ts';
import type { FlightPolicy } from '../../core/single-flight.ts';
import { aConsumer, aGate, all, aRunId, ORDERS, RATES } from '../support/core.ts';
import { startWorld, type WorldStep } from './flight-world.ts';

const anyKey = () => fc.constantFrom('a', 'b', '__proto__');
const anyStep = (isByPartition: boolean): fc.Arbitrary<WorldStep> =>
  fc.oneof(
    // Runs by hand are of no partition.
    {
      weight: isByPartition ? 0 : 4,
      arbitrary: fc.record({ kind: fc.constant('request' as const), key: anyKey() }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('event' as const), key: anyKey() }) },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'again' as const), nth: fc.nat(9) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume', 'claim') }) },
  );
const anyStory = () =>
  fc.boolean().chain((isByPartition) =>
    fc.record({
      isByPartition: fc.constant(isByPartition),
      policy: fc.constantFrom<FlightPolicy>('skip', 'queue', 'cancel_running'),
      maxActiveRuns: fc.integer({ min: 1, max: 3 }),
      steps: fc.array(anyStep(isByPartition), { maxLength: 60 }),
    }),
  );

type World = ReturnType<typeof startWorld>;

/** What is not as it should be, at any moment. */
function wrongs(world: World): readonly string[] {
  const { runs, refused } = world;
  const consumer = world.consumer();
  const going = world.goingOn();
  const queued = Object.values<Queued>(consumer.gate.queued).reduce((sum, { count }) => sum + count, 0);
  const consumed = runs.reduce((sum, { events }) => sum + events, 0);
  const stoodFor = runs.reduce((sum, run) => sum + run.stoodFor, 0);
  const refusedRequests = refused.filter(({ isAgain }) => !isAgain).length;
  const isGateOpen = isMet(consumer.gate);
  const open = [...going, ...world.waiting()].map(({ key }) => key);
  const isCrowded = consumer.singleFlight?.policy === 'skip' && new Set(open).size < open.length;
  return [
    ...(isCrowded ? ['one waits that should have been skipped'] : []),
    ...(new Set(going.map(({ key }) => key)).size === going.length ? [] : ['two of a key go on']),
    ...(queued + consumed === world.posted() ? [] : ['an event is lost, or consumed twice']),
    ...(stoodFor + refusedRequests === world.requested() ? [] : ['a request is lost']),
    ...(refused.every(({ wasOpen }) => wasOpen) ? [] : ['refused for a run that is over']),
    ...(world.startable().length === 0 ? [] : ['a requested run could start']),
    ...(isGateOpen && world.free() > 0 ? ['a run of events could start'] : []),
  ];
}

/** What should have been told to make way, and was not. */
function standInTheWay(world: World): readonly string[] {
  const consumer = world.consumer();
  if (consumer.singleFlight?.policy !== 'cancel_running' || consumer.isPaused) return [];
  const blocking = world.waiting().flatMap(({ key }) => world.holderOf(key) ?? []);
  const free = withoutHeld(consumer.gate);
  const ofEvents = isMet(free) && consumer.gate.held?.all !== undefined ? world.goingOn() : [];
  return [...blocking, ...ofEvents.filter(({ runId }) => runId === consumer.gate.held?.all)]
    .filter(({ state }) => state !== 'stopping')
    .map(({ runId }) => runId);
}

describe('a DAG of which one run of a key goes on at a time', () => {
  it('never has two of a key, loses nothing, and starts whatever may start', () => {
    fc.assert(
      fc.property(anyStory(), ({ policy, steps, ...rest }) => {
        const world = startWorld(policy, rest);
        for (const step of steps) {
          world.take(step);
          expect(wrongs(world)).toEqual([]);
          expect(standInTheWay(world)).toEqual([]);
        }
        // Once runs end, all that waits has its turn.
        world.take({ kind: 'resume' });
        for (let left = world.goingOn().length * 50 + 200; left > 0 && world.goingOn().length > 0; left -= 1)
          world.take({ kind: 'end', nth: 0 });
        expect(world.waiting()).toEqual([]);
        expect(world.consumer().gate.queued).toEqual({});
        expect(wrongs(world)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it('lets no more than one wait behind it where it queues, and the newest requests become part of that one', () => {
    fc.assert(
      fc.property(anyStory(), ({ steps, ...rest }) => {
        const world = startWorld('queue', { ...rest, isByPartition: false });
        const most = steps
          .filter(({ kind }) => kind !== 'again')
          .map((step) => {
            world.take(step);
            const keys = world.waiting().map(({ key }) => key);
            // While it is paused nobody is about to start.
            return Math.max(0, ...keys.map((key) => keys.filter((one) => one === key).length));
          });
        expect(Math.max(0, ...most)).toBeLessThanOrEqual(2);
      }),
    );
  });

  it('tells a run once to make way for any number of events', () => {
    const world = startWorld('cancel_running', { isByPartition: false, maxActiveRuns: 1 });
    world.take({ kind: 'event', key: 'a' });
    world.take({ kind: 'event', key: 'a' });
    expect(world.goingOn()).toMatchObject([{ state: 'stopping', events: 1 }]);
    world.take({ kind: 'event', key: 'a' });
    expect(runsToStop(world.consumer())).toBeNull();
    world.take({ kind: 'end', nth: 0 });
    expect(world.goingOn()).toMatchObject([{ state: 'going on', events: 2 }]);
  });

  it('holds only the partition keys of runs that go on, where the key is made of them', () => {
    const world = startWorld('queue', { isByPartition: true, maxActiveRuns: 3 });
    for (const key of ['a', 'a', 'b', '__proto__', '__proto__']) world.take({ kind: 'event', key });
    expect(world.goingOn().map(({ key }) => key)).toEqual(['a', 'b', '__proto__']);
    const { gate } = world.consumer();
    expect(heldBy(gate, 'a')).toBe('asset__1__a');
    expect(heldBy(gate, 'c')).toBeNull();
  });

  it('decides a deadline that starts a run once the key is free, and has the run that holds it make way where it should', () => {
    const due = { due: [100_000], decidedAt: null, ranAt: null };
    const both = aGate(all(ORDERS, RATES), { deadline: 'run', deadlines: due, at: 100_000 });
    const run = aRunId('long');
    const consumerOf = (policy: FlightPolicy) => {
      const singleFlight = { policy, key: '', params: {} };
      return withRun(aConsumer(null, { gate: both, maxActiveRuns: 2, singleFlight }), run, { key: '' });
    };
    for (const policy of ['skip', 'queue'] as const)
      expect(decide(consumerOf(policy))).toEqual({ kind: 'wait' });
    expect(decide(consumerOf('cancel_running'))).toEqual({ kind: 'stop', slots: [run], looks: false });
    expect(decide(withoutRuns(consumerOf('queue'), [run]))).toMatchObject({
      kind: 'deadline',
      outcome: 'run',
    });
  });

  it('says what it waits for', () => {
    const world = startWorld('queue', { isByPartition: false, maxActiveRuns: 2 });
    const kind = { kind: 'asset', name: 'orders', uri: 's3://lake/orders' } as never;
    const said = () => {
      const definition = { condition: world.consumer().gate.condition, assets: { [ORDERS]: kind } };
      return explainConsumer(world.consumer(), definition).sentence;
    };
    world.take({ kind: 'event', key: 'a' });
    world.take({ kind: 'event', key: 'a' });
    expect(said()).toBe(
      'All it needs has arrived; waits for the end of run asset__1 (single flight of key "a").',
    );
    world.take({ kind: 'request', key: 'a' });
    expect(said()).toBe(
      'Requested run manual__1 waits for the end of run asset__1 (single flight of key "a"). All it needs has arrived; waits for the end of run asset__1 (single flight of key "a").',
    );
  });
});
