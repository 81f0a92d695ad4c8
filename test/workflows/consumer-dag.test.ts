import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { all, any, asset, dag } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const orders = asset('s3://lake/orders');
const rates = asset('s3://lake/rates');
const noop = async (): Promise<void> => undefined;

const either = dag('either', { schedule: any(orders, rates) }, (d) => void d.task('work', noop));
const both = dag('both', { schedule: all(orders, rates) }, (d) => void d.task('work', noop));

describe('a deployed consumer', () => {
  let tidegate: Tidegate;
  beforeAll(async () => {
    tidegate = await startTidegate([either, both]);
  });
  afterAll(() => tidegate.stop());

  it('starts once for a batch that meets any of its assets, and with all of it', async () => {
    await tidegate.post(orders.uri, rates.uri);
    const [run] = await eventually(async () => {
      const runs = await tidegate.runsOf('either');
      return runs.some(({ state }) => state === 'success') && runs;
    });
    expect(run).toMatchObject({ run_id: 'asset__3', trigger: 'asset', state: 'success' });
  });
});
