import * as fc from 'fast-check';
import { instantOf, instantsOf, offsetAt, parseTimezone } from '../../core/time-zone.ts';
import { wallTimeOf } from '../../core/wall-time.ts';
import { anyTimezone } from './partition-arbitraries.ts';

const hourMs = 3_600_000;
const at = (text: string): number => Date.parse(text);
/** What clocks show, written as if they hung in UTC. */
const wall = (text: string): number => Date.parse(`${text}Z`);

describe('the name of a time zone', () => {
  it('is spelled as IANA spells it', () => {
    expect(parseTimezone('europe/berlin')).toBe('Europe/Berlin');
    expect(parseTimezone('UTC')).toBe('UTC');
  });

  it.each(['', 'Europe/Nowhere', '+02:00', 'UTC; drop', '__proto__'])(
    'is refused when there is none: %p',
    (name) => {
      expect(() => parseTimezone(name)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
    },
  );
});

describe('the offset of a zone', () => {
  it.each([
    ['UTC', '2024-07-01T00:00:00Z', 0],
    ['Europe/Berlin', '2024-01-01T00:00:00Z', 1],
    ['Europe/Berlin', '2024-03-31T00:59:59.999Z', 1],
    ['Europe/Berlin', '2024-03-31T01:00:00Z', 2],
    ['Asia/Kathmandu', '2024-01-01T00:00:00.500Z', 5.75],
    ['Pacific/Apia', '2011-12-30T09:59:59Z', -10],
    ['Pacific/Apia', '2011-12-30T10:00:00Z', 14],
    ['Europe/Berlin', '1500-12-01T00:00:00Z', (53 * 60 + 28) / 3_600],
  ])('of %s at %s is %d hours', (zone, instant, hours) => {
    expect(offsetAt(zone, at(instant))).toBe(Math.round(hours * hourMs));
  });
});

describe('a time that clocks show', () => {
  it('is one instant on most days', () => {
    expect(instantsOf('America/New_York', wall('2024-03-09T02:30'))).toEqual([at('2024-03-09T07:30:00Z')]);
  });

  it('is two instants where clocks were set back over it, of which the first is meant', () => {
    const twice = [at('2024-11-03T05:30:00Z'), at('2024-11-03T06:30:00Z')];
    expect(instantsOf('America/New_York', wall('2024-11-03T01:30'))).toEqual(twice);
    expect(instantOf('America/New_York', wall('2024-11-03T01:30'))).toBe(twice[0]);
  });

  it('is none where clocks were set forward over it, and as much later is meant', () => {
    expect(instantsOf('America/New_York', wall('2024-03-10T02:30'))).toEqual([]);
    expect(instantOf('America/New_York', wall('2024-03-10T02:30'))).toBe(at('2024-03-10T07:30:00Z'));
    expect(instantOf('Pacific/Apia', wall('2011-12-30T08:00'))).toBe(at('2011-12-30T18:00:00Z'));
  });

  it('is among the times of every instant that shows it', () => {
    const anyInstant = fc.integer({ min: wallTimeOf(1_001, 1, 1), max: wallTimeOf(9_998, 1, 1) });
    const nearNow = fc.integer({ min: wallTimeOf(1_970, 1, 1), max: wallTimeOf(2_038, 1, 1) });
    fc.assert(
      fc.property(anyTimezone(), fc.oneof(nearNow, anyInstant), (zone, instant) => {
        const shown = instant + offsetAt(zone, instant);
        expect(instantsOf(zone, shown)).toContain(instant);
      }),
      { numRuns: 500 },
    );
  });
});
