import * as fc from 'fast-check';
import { parseSchedule } from '../../core/scenario-schedule.ts';
import type { ConditionJson } from '../../core/scenario.ts';
import { parseScheduleText } from '../../core/schedule-text.ts';

describe('a schedule written as one line', () => {
  it.each([
    ['a', { asset: 'a' }],
    ['  s3://lake/a ', { asset: 's3://lake/a' }],
    [`'s3://lake/a b,(c)'`, { asset: 's3://lake/a b,(c)' }],
    ['all(a, any(b, c))', { all: [{ asset: 'a' }, { any: [{ asset: 'b' }, { asset: 'c' }] }] }],
    ['a, b', { all: [{ asset: 'a' }, { asset: 'b' }] }],
    [
      'atLeast(2, d, "e", alias(daily-files))',
      { atLeast: 2, of: [{ asset: 'd' }, { asset: 'e' }, { alias: 'daily-files' }] },
    ],
    [`alias('daily files')`, { alias: 'daily files' }],
    ['any()', { any: [] }],
    ['all, any', { all: [{ asset: 'all' }, { asset: 'any' }] }],
    ['all(\n  größe\n)', { all: [{ asset: 'größe' }] }],
  ])('is %j', (text, schedule) => {
    expect(parseScheduleText(text)).toEqual(schedule);
  });

  it.each([
    ['', 'it ends where a name or a quoted URI is expected'],
    ['all(a, any(b, c)', "it ends where ',' or ')' is expected"],
    ['all(a b)', `"b" stands at character 7 where ',' or ')' is expected`],
    ['all(a,, b)', '"," stands at character 7 where a name or a quoted URI is expected'],
    ['a)', `")" stands at character 2 where ',' or the end is expected`],
    ['some(a)', '"some" stands at character 1 where all, any, atLeast or alias'],
    ['atLeast(a, b)', '"a" stands at character 9 where a whole number is expected'],
    ['atLeast(2)', `")" stands at character 10 where ',' is expected`],
    [`all('s3://lake)`, 'the quote at character 5 does not end'],
    [`${'all('.repeat(300)}a${')'.repeat(300)}`, 'a schedule that is less nested is expected'],
  ])('is not %j', (text, reason) => {
    expect(() => parseScheduleText(text)).toThrow(reason);
  });

  it('reads what was written of any condition', () => {
    const anyName = fc.string({ minLength: 1 }).filter((name) => name.trim() !== '' && !/['"]/.test(name));
    const { tree } = fc.letrec<{ tree: ConditionJson }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        anyName.map((asset) => ({ asset })),
        fc.array(tie('tree'), { maxLength: 3 }).map((all) => ({ all })),
        fc.array(tie('tree'), { maxLength: 3 }).map((any) => ({ any })),
      ),
    }));
    const written = (schedule: ConditionJson): string => {
      if (
        schedule === null ||
        typeof schedule === 'string' ||
        !('asset' in schedule || 'all' in schedule || 'any' in schedule)
      )
        return '';
      if ('asset' in schedule) return `"${schedule.asset}"`;
      const [word, of] =
        'all' in schedule ? (['all', schedule.all] as const) : (['any', schedule.any] as const);
      return `${word}(${of.map(written).join(', ')})`;
    };
    fc.assert(
      fc.property(tree, (schedule) => {
        const read = parseScheduleText(written(schedule));
        expect(parseSchedule('', read)).toEqual(parseSchedule('', schedule));
      }),
    );
  });
});
