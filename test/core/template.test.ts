import * as fc from 'fast-check';
import { namesOf, parseTemplate, render, type TemplateValues } from '../../core/template.ts';

const values: TemplateValues = {
  logicalAt: Date.UTC(2026, 0, 2, 6),
  dataIntervalStartAt: Date.UTC(2026, 0, 1, 6),
  dataIntervalEndAt: Date.UTC(2026, 0, 2, 6, 0, 0, 500),
  partitionKey: 'eu',
  params: { region: 'asia', count: 3, on: false, deep: { er: 'x' }, list: [1], empty: '' },
};
const nothing: TemplateValues = {
  ...{ logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null, partitionKey: null },
  params: {},
};
const rendered = (text: string, given: TemplateValues = values): string => {
  const template = parseTemplate(text);
  if (template === undefined) throw new Error('no template');
  return render(template, given);
};

describe('a template', () => {
  it.each([
    ['s3://lake/{{ ds }}', 's3://lake/2026-01-02'],
    ['s3://lake/{{ds_nodash}}/x', 's3://lake/20260102/x'],
    ['{{ ts }}', '2026-01-02T06:00:00+00:00'],
    ['{{ ts_nodash }}', '20260102T060000'],
    [
      '{{ data_interval_start }}..{{ data_interval_end }}',
      '2026-01-01T06:00:00+00:00..2026-01-02T06:00:00.500+00:00',
    ],
    ['{{ partition_key }}/{{ partition_key }}', 'eu/eu'],
    ['{{ params.region }}-{{ params.count }}-{{ params.on }}-{{ params.deep.er }}', 'asia-3-false-x'],
  ])('%s becomes %s', (text, wanted) => {
    expect(rendered(text)).toBe(wanted);
  });

  it.each([
    ['{{ ds }}', /"{{ ds }}" has no value for {{ ds }}: the run has no logical date/],
    ['{{ data_interval_end }}', /the run has no data interval/],
    ['{{ partition_key }}', /neither the run nor the event has a partition/],
    ['{{ params.region }}', /the run was given no such parameter/],
  ])('%s is an error where the run has no such value', (text, message) => {
    expect(() => rendered(text, nothing)).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    '{{ params.list }}',
    '{{ params.deep }}',
    '{{ params.empty }}',
    '{{ params.constructor }}',
    '{{ params.region.length }}',
  ])('%s is an error, for it is no text or number of the run', (text) => {
    expect(() => rendered(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  });

  it.each(['a {{ b', '{{ }}', '{{ {{ ds }} }}', '{{'])('%j is refused', (text) => {
    expect(() => parseTemplate(text)).toThrow(expect.objectContaining({ code: 'invalid_definition' }));
  });

  it('is none without braces, and the same however it is spaced', () => {
    expect(parseTemplate('s3://lake/ds')).toBeUndefined();
    expect(parseTemplate('s3://{{ds}}/{{  ts }}')?.text).toBe('s3://{{ ds }}/{{ ts }}');
  });

  it('keeps every text around its names, and never renders what a value holds', () => {
    const anyText = fc.string({ unit: fc.constantFrom('a', '/', '}', ' '), maxLength: 5 });
    fc.assert(
      fc.property(anyText, anyText, fc.string(), (before, behind, key) => {
        fc.pre(key !== '');
        const template = parseTemplate(`${before}{{ partition_key }}${behind}`);
        if (template === undefined) throw new Error('no template');
        expect(namesOf(template)).toEqual(['partition_key']);
        expect(render(template, { ...values, partitionKey: key })).toBe(`${before}${key}${behind}`);
      }),
    );
  });
});
