import { parseDagId } from '../../core/ids.ts';
import { keyOf, withDefaults } from '../../core/pool-key.ts';
import type { TemplateValues } from '../../core/template.ts';

const dagId = parseDagId('sales');
const values: TemplateValues = {
  ...{ logicalAt: 0, dataIntervalStartAt: null, dataIntervalEndAt: null, partitionKey: 'eu' },
  params: { customer: 'acme' },
};
const key = (text?: string) =>
  keyOf({ name: 'pool', ...(text === undefined ? {} : { key: text }) }, dagId, values);

describe('the key of a request', () => {
  it('is the DAG, a text, or what a template says of the run', () => {
    expect([key(), key('shared'), key('{{ params.customer }}/{{ds}}')]).toEqual([
      'sales',
      'shared',
      'acme/1970-01-01',
    ]);
  });

  it('that is long is cut, and stays apart from others', () => {
    const long = (last: string) =>
      keyOf({ name: 'pool', key: '{{ params.customer }}' }, dagId, {
        ...values,
        params: { customer: `${'x'.repeat(5_000)}${last}` },
      });
    expect(long('a').length).toBeLessThan(230);
    expect(long('a')).toBe(long('a'));
    expect(long('a')).not.toBe(long('b'));
  });

  it('cannot be what the run has no value for', () => {
    expect(() => key('{{ params.region }}')).toThrow(
      '"{{ params.region }}" has no value for {{ params.region }}: the run was given no such parameter',
    );
  });
});

describe('the conf of a run', () => {
  it('has the defaults of its schema where it says nothing', () => {
    const properties = { customer: { default: 'nobody' }, day: { type: 'string' } };
    expect(withDefaults({}, { properties })).toEqual({ customer: 'nobody' });
    expect(withDefaults({ customer: 'acme' }, { properties })).toEqual({ customer: 'acme' });
    expect(withDefaults({ a: 1 }, null)).toEqual({ a: 1 });
  });
});
