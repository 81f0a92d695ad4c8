import { parseDagId } from '../../core/ids.ts';
import { consumerWorkflowId } from '../../core/workflow-names.ts';
import { type Crash, orders, startCrash } from '../support/crash.ts';
import type { FaultPoint } from '../support/faults.ts';
import { eventually } from '../support/tidegate.ts';

// Each test kills the worker at one point; its heir then has to bring everything to a good end.

describe('a worker killed', () => {
  let crash: Crash;

  beforeAll(async () => {
    crash = await startCrash();
  });

  afterAll(() => crash.stop());

  it.each<FaultPoint>([
    'after commit of admitRuns',
    'before commit of a task success',
    'after commit of a task success',
    'before signal assetEvents',
    'after signal assetEvents',
    'before signal runClosed',
    'after signal runClosed',
    'before commit of openRuns',
    'after commit of openRuns',
  ])('%s loses nothing and does nothing twice', async (point) => {
    const worker = await crash.worker();
    await worker.killAt(point);
    await crash.trigger('producer');
    await worker.broken();
    await crash.worker();
    expect(await crash.problems()).toEqual([]);
  });

  it.each<FaultPoint>([
    'before commit of closeRun',
    'after commit of closeRun',
    'before signal assetEvents',
    'after signal assetEvents',
  ])(
    '%s of a run that updates an asset as a whole records it once and starts its consumer',
    async (point) => {
      const worker = await crash.worker();
      await worker.killAt(point);
      const { length } = await crash.runsOf('single');
      await crash.trigger('whole');
      await worker.broken();
      await crash.worker();
      await eventually(async () => (await crash.runsOf('single')).length > length, 60_000);
      expect(await crash.problems()).toEqual([]);
    },
  );

  it.each<FaultPoint>([
    'before commit of registration',
    'after commit of registration',
    'before commit of a task success',
    'after commit of a task success',
  ])(
    '%s of a task that registers an asset records it once, through its alias, for all who wait for it',
    async (point) => {
      const worker = await crash.worker();
      await worker.killAt(point);
      const dagIds = ['through_alias', 'selected'];
      const lengths = await Promise.all(dagIds.map(async (dagId) => (await crash.runsOf(dagId)).length));
      await crash.trigger('aliased');
      await worker.broken();
      await crash.worker();
      await eventually(async () => {
        const runs = await Promise.all(dagIds.map((dagId) => crash.runsOf(dagId)));
        return runs.every(({ length }, index) => length > (lengths[index] ?? 0));
      });
      expect(await crash.problems()).toEqual([]);
    },
  );

  it.each<FaultPoint>(['before commit of claimGate', 'after commit of claimGate'])(
    '%s leaves the gate to the next claim',
    async (point) => {
      const worker = await crash.worker();
      await worker.killAt(point);
      await crash.deps.temporal.client.workflow
        .getHandle(consumerWorkflowId(parseDagId('single')))
        .terminate();
      await crash.post(orders);
      await worker.broken();
      await crash.worker();
      expect(await crash.problems()).toEqual([]);
    },
  );

  it('between the checkpoint of a consumer and its next execution, under load, loses nothing', async () => {
    const worker = await crash.worker();
    await worker.killAt('after activity checkpoint');
    const load = crash.load();
    await worker.broken();
    await crash.worker();
    await load.stop();
    expect(await crash.problems()).toEqual([]);
  });
});
