import { z } from 'zod';
import { compileDag } from '../../sdk/compile.ts';
import { asset, dag } from '../../sdk/index.ts';
import { instanceOf } from '../../sdk/instance.ts';
import { sourceOf } from '../../sdk/source.ts';

const values = {
  ...{ logicalAt: Date.UTC(2026, 0, 2), dataIntervalStartAt: null, dataIntervalEndAt: null },
  ...{ partitionKey: 'eu', params: {} },
};

describe('a templated asset', () => {
  it('stands for an asset in each run, named by its URI, by the rules of URIs', () => {
    const events = asset('S3://lake/events/{{ds}}/', {
      group: 'lake',
      eventExtra: z.object({ n: z.number() }),
    });
    expect(events).toMatchObject({ name: 'S3://lake/events/{{ ds }}/', uri: 'S3://lake/events/{{ ds }}/' });
    expect(sourceOf(events)).toEqual({ kind: 'template', name: 'S3://lake/events/{{ ds }}/' });
    const instance = instanceOf(events, values);
    expect(instance).toMatchObject({
      ...{ name: 'S3://lake/events/2026-01-02/', uri: 's3://lake/events/2026-01-02', group: 'lake' },
      template: undefined,
    });
    expect(sourceOf(instance)).toEqual(sourceOf(asset('S3://lake/events/2026-01-02/')));
    expect(instance.eventExtra).toBe(events.eventExtra);
  });

  it('has a name of its own, and its instances too where that is a template', () => {
    const uri = 's3://lake/{{ ds }}/{{ partition_key }}';
    expect(instanceOf(asset({ name: 'events', uri }), values).name).toBe('s3://lake/2026-01-02/eu');
    expect(instanceOf(asset({ name: 'events of {{ ds }}', uri }), values)).toMatchObject({
      name: 'events of 2026-01-02',
      uri: 's3://lake/2026-01-02/eu',
    });
  });

  it('is refused in a run in which its URI is none', () => {
    const events = asset('s3://lake/{{ partition_key }}');
    expect(() => instanceOf(events, { ...values, partitionKey: 'with space' })).toThrow(
      expect.objectContaining({ code: 'invalid_uri' }),
    );
    expect(instanceOf(asset('{{ partition_key }}'), { ...values, partitionKey: 'x' }).uri).toBe('x');
  });

  it.each([
    ['s3://lake/{{ dss }}', /has unknown name 'dss': did you mean 'ds'\?/],
    ['s3://lake/{{ params }}', /unknown name 'params'/],
    ['s3://lake/{{ ds', /is not valid: write a name between/],
    ['airflow://lake/{{ ds }}', /not valid/],
    ['s3://lake/a b/{{ ds }}', /not valid/],
  ])('%s is refused where it is declared', (uri, message) => {
    expect(() => asset(uri)).toThrow(message);
  });

  it('is refused with a template in its name alone', () => {
    expect(() => asset({ name: 'of {{ ds }}', uri: 's3://lake' })).toThrow(/but none in its URI/);
  });

  it('needs parameters that its DAG takes', () => {
    const byRegion = asset('s3://lake/{{ params.regio }}');
    const build = (d: Parameters<Parameters<typeof dag>[2]>[0]) =>
      void d.task('load', { outlets: [byRegion] }, () => undefined);
    const params = z.object({ region: z.string() });
    expect(() => compileDag(dag('load', { params }, build), 'dags/load.ts')).toThrow(
      /needs unknown parameter 'regio': did you mean 'region'\?/,
    );
    expect(() => compileDag(dag('load', {}, build), 'dags/load.ts')).not.toThrow();
  });

  it('is no outlet of a DAG as a whole', () => {
    const whole = dag('whole', { outlets: [asset('s3://lake/{{ ds }}')] }, (d) => void d.task('t', () => 1));
    expect(() => compileDag(whole, 'dags/whole.ts')).toThrow(/is templated: make it an outlet of a task/);
  });
});
