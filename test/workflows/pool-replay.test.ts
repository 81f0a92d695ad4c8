import { Worker } from '@temporalio/worker';
import { dag } from '../../sdk/index.ts';
import { eventually, startTidegate, type Tidegate } from '../support/tidegate.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';

// A worker that takes over goes through the history again, where what ended one by one is told all at once.

const beside = [0, 1, 2, 3, 4, 5];
const crowded = dag('crowded', {}, (d) => {
  const list = d.task('list', async () => [1, 2, 3, 4, 5]);
  for (const n of beside) {
    d.task(`task_${n}`, { needs: [list], pool: 'narrow' }, async () => n);
    d.wait(`wait_${n}`, { needs: [list], for: '50ms' });
  }
  d.map('each', list, { pool: 'narrow' }, async ({ item }) => item);
  d.map('free', list, async ({ item }) => item);
});

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate([crowded], { pools: [{ name: 'narrow', slots: 3 }] });
});
afterAll(() => tidegate.stop());

describe('runs that wait for pools', () => {
  it('replay, however asking, granting and what is beside them came together', async () => {
    const { client } = tidegate.deps.temporal;
    for (let run = 0; run < 3; run += 1) await tidegate.trigger('crowded');
    const runs = await tidegate.runsClosed('crowded', 3);
    expect(runs.map(({ state }) => state)).toEqual(['success', 'success', 'success']);
    const ofRuns = `WorkflowType in ('dagRun', 'mappedTask')`;
    const ended = await eventually(async () => {
      const found = [];
      for await (const one of client.workflow.list({ query: ofRuns })) found.push(one);
      return found.length === 9 && found.every(({ status }) => status.name === 'COMPLETED') && found;
    });
    const histories = await Promise.all(
      ended.map(async ({ workflowId }) => ({
        workflowId,
        history: await client.workflow.getHandle(workflowId).fetchHistory(),
      })),
    );
    const problems: string[] = [];
    const replayed = Worker.runReplayHistories({ workflowBundle: await bundleWorkflows() }, histories);
    for await (const { workflowId, error } of replayed)
      if (error !== undefined) problems.push(`${workflowId}: ${error.message}`);
    expect(problems).toEqual([]);
  });
});
