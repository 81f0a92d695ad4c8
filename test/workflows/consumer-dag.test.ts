import { all, any } from '../../sdk/index.ts';
import { assetsOf, bothViewsOf, headOf, queuedOf, sawOf, seeingDags } from '../support/seeing.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const { seeing, hold } = seeingDags();
const either = assetsOf('either');
const both = assetsOf('both');
const nested = assetsOf('nested');
const burst = assetsOf('burst');
const busy = assetsOf('busy');

const dags = [
  seeing('either', { schedule: any(either.a, either.b) }),
  seeing('both', { schedule: all(both.a, both.b) }),
  seeing('nested', { schedule: all(nested.a, any(nested.b, nested.c)) }),
  seeing('burst', { schedule: burst.a }),
  seeing('busy', { schedule: busy.a, maxActiveRuns: 1 }),
];

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

describe('a consumer of any of its assets', () => {
  it('starts once for a batch that meets several of them, and with all of it', async () => {
    await tidegate.post(either.a.uri, either.b.uri);
    const last = await headOf(tidegate);
    expect(await sawOf(tidegate, 'either', 1)).toEqual([[last - 1, last]]);
    const [run] = await tidegate.runsOf('either');
    expect(run).toMatchObject({ run_id: `asset__${last}`, trigger: 'asset', state: 'success', version: 1 });
  });

  it('starts for each event that comes alone', async () => {
    await tidegate.post(burst.a.uri);
    await tidegate.runsClosed('burst', 1);
    await tidegate.post(burst.a.uri);
    expect((await tidegate.runsClosed('burst', 2)).map(({ state }) => state)).toEqual(['success', 'success']);
  });
});

describe('a consumer of all of its assets', () => {
  it('waits until the last one has arrived, and takes what queued meanwhile', async () => {
    await tidegate.post(both.a.uri);
    await tidegate.post(both.a.uri);
    expect(await queuedOf(tidegate, 'both', 2)).toEqual({ [both.a.name]: 2 });
    expect(await tidegate.runsOf('both')).toEqual([]);
    await tidegate.post(both.b.uri);
    const last = await headOf(tidegate);
    expect(await sawOf(tidegate, 'both', 1)).toEqual([[last - 2, last - 1, last]]);
    expect(await queuedOf(tidegate, 'both', 0)).toEqual({});
  });
});

describe('a consumer of a nested condition', () => {
  it('waits for each branch, and takes also what another branch would have needed', async () => {
    await tidegate.post(nested.b.uri);
    await tidegate.post(nested.c.uri);
    await queuedOf(tidegate, 'nested', 2);
    expect(await tidegate.runsOf('nested')).toEqual([]);
    await tidegate.post(nested.a.uri);
    const last = await headOf(tidegate);
    expect(await sawOf(tidegate, 'nested', 1)).toEqual([[last - 2, last - 1, last]]);
  });
});

describe('a consumer at its most active runs', () => {
  it('loses nothing: one run takes all that queued meanwhile', async () => {
    const latch = hold('busy');
    await tidegate.post(busy.a.uri);
    const first = await headOf(tidegate);
    await eventually(async () => (await tidegate.runsOf('busy')).length === 1);
    for (let event = 0; event < 5; event += 1) await tidegate.post(busy.a.uri);
    const last = await headOf(tidegate);
    await queuedOf(tidegate, 'busy', 5);
    expect(await tidegate.runsOf('busy')).toHaveLength(1);
    latch.open();
    expect(await sawOf(tidegate, 'busy', 2)).toEqual([
      [first],
      [last - 4, last - 3, last - 2, last - 1, last],
    ]);
    expect((await tidegate.gate('busy')).gate.queued).toEqual({});
  });
});

describe('the gate that is shown without a worker', () => {
  beforeAll(async () => {
    await tidegate.post(both.a.uri);
    await tidegate.post(both.a.uri);
    await queuedOf(tidegate, 'both', 2);
  });

  it.each(dags.map(({ id }) => id))('is the one the consumer of %s holds', async (id) => {
    await eventually(async () => (await tidegate.gate(id)).activeRuns.length === 0);
    const { stored, own } = await bothViewsOf(tidegate, id);
    // Positions at which there was nothing for a consumer are not told to it.
    const { watermark, ...gate } = stored?.gate ?? { watermark: Number.NaN };
    expect({ ...stored, gate }).toEqual({ ...own, gate: expect.objectContaining(gate) });
    expect(own.gate.watermark).toBeLessThanOrEqual(watermark);
  });
});
