import { judgeFlight, type RunsOfKey } from '../../core/flight-request.ts';
import { flightKeyOf, flightKeyOfEvents, parseSingleFlight } from '../../core/single-flight.ts';
import { aRunId } from '../support/core.ts';

const none = {
  logicalAt: null,
  dataIntervalStartAt: null,
  dataIntervalEndAt: null,
  partitionKey: null,
  conf: {},
};
const byCustomer = { policy: 'skip', key: '{{ params.customer }}', params: { customer: 'all' } } as const;

describe('the key of a run', () => {
  it('is made of what it is given, and else of the defaults', () => {
    expect(flightKeyOf(byCustomer, none)).toBe('all');
    expect(flightKeyOf(byCustomer, { ...none, conf: { customer: 'a' } })).toBe('a');
    expect(
      flightKeyOf({ ...byCustomer, key: '{{ ds }}/{{ params.customer }}' }, { ...none, logicalAt: 0 }),
    ).toBe('1970-01-01/all');
    expect(flightKeyOfEvents({ ...byCustomer, key: '{{ partition_key }}' }, 'eu')).toBe('eu');
    expect(flightKeyOf({ ...byCustomer, key: '' }, none)).toBe('');
  });

  it('is refused where it has no value, or is too long', () => {
    expect(() => flightKeyOf({ ...byCustomer, params: {} }, none)).toThrow(
      '"{{ params.customer }}" has no value for {{ params.customer }}: the run was given no such parameter',
    );
    expect(() => flightKeyOf(byCustomer, { ...none, conf: { customer: 'x'.repeat(251) } })).toThrow(
      'of this run has 251 characters, 250 are allowed',
    );
  });
});

describe('singleFlight', () => {
  it('has a policy, and a template where there is more than one key', () => {
    expect(parseSingleFlight(undefined)).toBeUndefined();
    expect(parseSingleFlight({ policy: 'queue' })).toEqual({ policy: 'queue', key: '' });
    expect(parseSingleFlight({ policy: 'skip', key: '{{params.a}}' })).toEqual({
      ...{ policy: 'skip', key: '{{ params.a }}' },
    });
  });

  it.each([
    [null, 'singleFlight null is not valid'],
    ['skip', 'write { policy:'],
    [{ policy: 'drop' }, 'is not valid'],
    [{ key: '{{ ds }}' }, 'is not valid'],
    [{ policy: 'skip', key: 'customer' }, "key: '{{ params.customer }}'"],
    [{ policy: 'skip', key: 5 }, 'is not valid'],
    [{ policy: 'skip', max: 1 }, 'is not valid'],
    [
      { policy: 'skip', key: '{{ partition_kay }}' },
      "unknown name 'partition_kay': did you mean 'partition_key'?",
    ],
    [{ policy: 'skip', key: '{{ ds' }, 'write a name between'],
  ])('is refused as %j', (value, message) => {
    expect(() => parseSingleFlight(value)).toThrow(message);
  });
});

describe('one more request for a run of a key', () => {
  const [one, two, three] = ['one', 'two', 'three'].map(aRunId);
  const free: RunsOfKey = { running: null, waiting: null, foldable: null, isStarting: false };
  const first = { isAgain: false };

  it('is taken where there is none', () => {
    for (const policy of ['skip', 'queue', 'cancel_running'] as const)
      expect(judgeFlight(policy, free, first)).toEqual({ kind: 'take' });
  });

  it('waits behind one that is about to start where it queues, and becomes part of it where that would be cancelled', () => {
    const starting = { ...free, waiting: one ?? null, foldable: one ?? null, isStarting: true };
    expect(judgeFlight('queue', starting, first)).toEqual({ kind: 'take' });
    expect(judgeFlight('cancel_running', starting, first)).toEqual({ kind: 'fold', runId: one });
    expect(judgeFlight('queue', { ...starting, foldable: two ?? null }, first)).toEqual({
      kind: 'fold',
      runId: two,
    });
  });

  it('of a run that runs again is refused while another one waits, for it cannot become part of it', () => {
    const busy = { ...free, running: one ?? null };
    expect(judgeFlight('queue', busy, { isAgain: true })).toEqual({ kind: 'take' });
    const waits = { ...busy, waiting: two ?? null, foldable: two ?? null };
    for (const policy of ['queue', 'cancel_running'] as const)
      expect(judgeFlight(policy, waits, { isAgain: true })).toEqual({ kind: 'refuse', runId: two });
    // Behind a run that runs again one may wait, which stands for the next ones.
    expect(judgeFlight('queue', { ...busy, waiting: two ?? null }, first)).toEqual({ kind: 'take' });
    const behind = { ...busy, waiting: two ?? null, foldable: three ?? null };
    expect(judgeFlight('queue', behind, first)).toEqual({ kind: 'fold', runId: three });
  });
});
