import { asset, assetAndTime, assetOrTime, cron } from '../../sdk/index.ts';
import { partsOfSchedule } from '../../sdk/schedule.ts';

const [a, b] = [asset('s3://lake/a'), asset('s3://lake/b')];
const hourly = { expression: '@hourly', timezone: 'UTC' };

describe('a schedule', () => {
  it.each([
    ['none', undefined, { condition: null, cron: null, requestedRunsConsume: false }],
    ['by hand', null, { condition: null, cron: null, requestedRunsConsume: false }],
    ['by time', cron('@hourly'), { condition: null, cron: hourly, requestedRunsConsume: false }],
    ['by assets', a.and(b), { condition: a.and(b), cron: null, requestedRunsConsume: false }],
    [
      'by either',
      assetOrTime({ cron: '0 6 * * *', timezone: 'Europe/Berlin' }, [a, b]),
      {
        condition: a.and(b),
        cron: { expression: '0 6 * * *', timezone: 'Europe/Berlin' },
        requestedRunsConsume: false,
      },
    ],
    [
      'by either, all of which consume',
      assetOrTime(cron('@hourly'), a, { consume: true }),
      { condition: { kind: 'asset', asset: a }, cron: hourly, requestedRunsConsume: true },
    ],
    [
      'by time, once all is there',
      assetAndTime({ cron: '@hourly' }, [a, b]),
      { condition: a.and(b), cron: hourly, requestedRunsConsume: false, ticksWait: true },
    ],
  ])('has its parts: %s', (_, schedule, parts) => {
    expect(partsOfSchedule(schedule)).toEqual(parts);
  });

  it('refuses a time that is none, and to be nested', () => {
    expect(() => assetOrTime({ cron: '61 * * * *' }, a)).toThrow(/cron "61 \* \* \* \*" is not valid/);
    const nested = JSON.parse('[{}]');
    nested[0] = assetOrTime(cron('@hourly'), a);
    expect(() => partsOfSchedule(nested)).toThrow(/a condition holds object instead of an asset/);
  });
});
