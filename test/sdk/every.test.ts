import { every } from '../../sdk/index.ts';

describe('a schedule by an interval', () => {
  it.each([
    [every('30 minutes'), '@every 1800s'],
    [every(90_000, { offset: '1m' }), '@every 90s/60s'],
    [every('366d'), '@every 31622400s'],
  ])('ticks at its multiples', (schedule, expression) => {
    expect(schedule).toMatchObject({ expression, timezone: 'UTC' });
  });

  it.each([
    [() => every('500ms'), 'interval "500ms" is not valid: use whole seconds, at most 366 days'],
    [() => every('367d'), 'interval "367d" is not valid: use whole seconds, at most 366 days'],
    [() => every('soon'), 'duration "soon" is not valid'],
    [
      () => every('1h', { offset: '1h' }),
      'offset "1h" is not valid: use whole seconds, less than the interval',
    ],
  ])('is refused where Temporal would not tick so', (make, message) => {
    expect(make).toThrow(message);
  });
});
