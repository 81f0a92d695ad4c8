import { z } from 'zod';
import { asset, assetAndTime, cron, dag, type DagOptions } from '../../sdk/index.ts';
import { compileDag } from '../../sdk/compile.ts';

const orders = asset('s3://flights/orders');
const params = z.object({ customer: z.string().default('all'), region: z.string().optional() });
const compiled = (options: DagOptions<typeof params>) =>
  compileDag(
    dag('d', { params, ...options }, (d) => void d.task('work', () => 1)),
    'd.ts',
  ).singleFlight;
const keyed = (key: string) => ({ singleFlight: { key, policy: 'queue' as const } });

describe('singleFlight of a DAG', () => {
  it('is deployed with the defaults of the parameters that its key names', () => {
    expect(compiled(keyed('{{ params.customer }}'))).toEqual({
      ...{ policy: 'queue', key: '{{ params.customer }}', params: { customer: 'all' } },
    });
    expect(compiled({ singleFlight: { policy: 'skip' } })).toEqual({ policy: 'skip', key: '', params: {} });
    expect(compiled({})).toBeUndefined();
  });

  it('may name anything that runs by hand are given, and what the runs have that its schedule starts', () => {
    expect(compiled(keyed('{{ params.region }}/{{ ds }}'))?.key).toBe('{{ params.region }}/{{ ds }}');
    expect(compiled({ ...keyed('{{ ds }}'), schedule: cron('@daily') })?.key).toBe('{{ ds }}');
    expect(compiled({ ...keyed('{{ partition_key }}'), schedule: orders, partitioned: true })?.key).toBe(
      '{{ partition_key }}',
    );
    expect(compiled({ ...keyed('{{ ds }}'), schedule: assetAndTime(cron('@daily'), orders) })?.key).toBe(
      '{{ ds }}',
    );
  });

  it.each<[DagOptions<typeof params>, string]>([
    [keyed('{{ params.custmer }}'), "needs unknown parameter 'custmer': did you mean 'customer'?"],
    [
      { ...keyed('{{ params.region }}'), schedule: orders },
      'has no value in the runs that its schedule starts by events: "{{ params.region }}" has no value for {{ params.region }}',
    ],
    [{ ...keyed('{{ ds }}'), schedule: orders }, 'by events: "{{ ds }}" has no value for {{ ds }}'],
    [{ ...keyed('{{ partition_key }}'), schedule: orders }, 'by events: "{{ partition_key }}" has no value'],
    [
      { ...keyed('{{ partition_key }}'), schedule: cron('@daily') },
      'by time: "{{ partition_key }}" has no value',
    ],
    [
      { singleFlight: { policy: 'cancel_running' }, schedule: assetAndTime(cron('@daily'), orders) },
      "with 'cancel_running' does not go together with assetAndTime: use 'queue' or 'skip'",
    ],
  ])('is refused as %j', (options, message) => {
    expect(() => compiled(options)).toThrow(message);
  });
});
