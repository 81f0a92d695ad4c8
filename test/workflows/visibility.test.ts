import { defaultPayloadConverter } from '@temporalio/common';
import { asset, dag, all } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';

const orders = asset('s3://seen/orders');
const rates = asset('s3://seen/rates');
const long = asset('s3://seen/long', { name: `a name of many bytes: ${'ü'.repeat(300)}` });
const noop = async (): Promise<void> => undefined;
const dags = [
  dag('seen', { schedule: all(orders, rates) }, (d) => {
    const fetch = d.task('fetch', { outlets: [long] }, noop);
    d.task('load', { needs: [fetch] }, () => {
      throw new Error('it broke');
    });
  }),
  dag('after', { schedule: long }, (d) => void d.task('work', noop)),
];

const detailsOf = async (handle: { query<Result>(name: string): Promise<Result> }): Promise<string> => {
  const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return currentDetails;
};
const textOf = (data: unknown): string =>
  data === null || data === undefined ? '' : defaultPayloadConverter.fromPayload(data as never);

describe('a project as Temporal shows it', () => {
  let tidegate: Tidegate;
  let failed: string;
  beforeAll(async () => {
    tidegate = await startTidegate(dags);
    await tidegate.post(orders.uri, rates.uri);
    const [run] = await tidegate.runsClosed('seen', 1);
    failed = run?.run_id ?? '';
    await tidegate.runsClosed('after', 1);
  });
  afterAll(() => tidegate.stop());

  const found = (query: string, count: number) =>
    eventually(async () => {
      const ids: string[] = [];
      for await (const { workflowId } of tidegate.deps.temporal.client.workflow.list({ query }))
        ids.push(workflowId);
      return ids.length === count && ids.toSorted();
    });

  it('is found by DAG, asset, trigger and state', async () => {
    const run = `dag/seen/run/${failed}`;
    expect(await found("TidegateDag = 'seen'", 2)).toEqual(['dag/seen', run]);
    expect(await found(`TidegateAssets = '${orders.name}'`, 1)).toEqual(['dag/seen']);
    expect(await found("TidegateDag = 'seen' and TidegateState = 'failed'", 1)).toEqual([run]);
    expect(await found("TidegateTrigger = 'asset'", 2)).toContain(run);
    expect(await found("TidegateState = 'success'", 1)).toHaveLength(1);
  });

  it('calls each task by its own name, with a summary that stays within bounds', async () => {
    const { events } = await tidegate.run('seen', failed).fetchHistory();
    const scheduled = (events ?? []).filter(({ activityTaskScheduledEventAttributes: event }) => event);
    const names = scheduled.map((event) => event.activityTaskScheduledEventAttributes?.activityType?.name);
    expect(names).toEqual(['seen.fetch', 'seen.load']);
    const [fetch = '', load = ''] = scheduled.map(({ userMetadata }) => textOf(userMetadata?.summary));
    expect(load).toBe('load');
    expect(fetch).toMatch(/^fetch → a name of many bytes: ü+\.\.\.$/);
    expect(Buffer.byteLength(fetch)).toBeLessThanOrEqual(200);
  });

  it('says in one line what each workflow is', async () => {
    const summaryOf = async (id: string) => {
      const { raw } = await tidegate.deps.temporal.client.workflow.getHandle(id).describe();
      return textOf(raw.executionConfig?.userMetadata?.summary);
    };
    expect(await summaryOf('dag/seen')).toBe('gate of seen');
    expect(await summaryOf(`dag/seen/run/${failed}`)).toBe(`seen ${failed}`);
  });

  it('shows what a consumer has and what it waits for, with ticks and crosses', async () => {
    await tidegate.post(orders.uri);
    const details = await eventually(async () => {
      const text = await detailsOf(tidegate.consumer('seen'));
      return text.includes('✓') && text;
    });
    expect(details).toMatch(/✓.*s3:\/\/seen\/orders.*1 queued since/);
    expect(details).toMatch(/✗.*s3:\/\/seen\/rates/);
    expect(details).toContain('Active runs: 0 of 16');
  });

  it('shows how each task of a run ended', async () => {
    const details = await detailsOf(tidegate.run('seen', failed));
    expect(details).toContain('2 of 2 tasks ended');
    expect(details).toMatch(/✓.*fetch/);
    expect(details).toMatch(/✗.*load/);
  });
});

describe('a namespace where no search attribute may be registered', () => {
  let tidegate: Tidegate;
  beforeAll(async () => {
    tidegate = await startTidegate(dags, { searchAttributes: [] });
  });
  afterAll(() => tidegate.stop());

  it('runs everything all the same', async () => {
    await tidegate.post(orders.uri, rates.uri);
    expect(await tidegate.runsClosed('seen', 1)).toMatchObject([
      { state: 'failed', reason: 'task load failed' },
    ]);
    expect(await tidegate.runsClosed('after', 1)).toMatchObject([{ state: 'success' }]);
    const { searchAttributes } = await tidegate.consumer('seen').describe();
    expect(Object.keys(searchAttributes).filter((name) => name.startsWith('Tidegate'))).toEqual([]);
    await eventually(async () => (await tidegate.gate('seen')).activeRuns.length === 0);
  });
});
