import { setTimeout as delay } from 'node:timers/promises';
import { pruneWorkflowId } from '../../core/workflow-names.ts';
import { asset, dag } from '../../sdk/index.ts';
import { readRetention } from '../../store/retention.ts';
import { deploy } from '../../temporal/deploy.ts';
import { isScheduled } from '../../temporal/named-schedule.ts';
import { sweep } from '../../temporal/sweep.ts';
import { setClock } from '../support/clock.ts';
import { eventually, projectOf, startTidegate, type Tidegate } from '../support/tidegate.ts';

const made = asset('s3://retention/made');
const dags = [dag('work', { schedule: made }, (d) => void d.task('work', async () => undefined))];
const dayMs = 86_400_000;

let tidegate: Tidegate;
beforeAll(async () => {
  tidegate = await startTidegate(dags);
});
afterAll(() => tidegate.stop());

const schedule = () => tidegate.deps.temporal.client.schedule.getHandle(pruneWorkflowId);
const deployWith = (retention?: object) =>
  deploy(tidegate.deps, { ...projectOf(dags), ...(retention && { retention }) });
const isThere = () => isScheduled(tidegate.deps.temporal.client, pruneWorkflowId);

describe('the schedule of retention', () => {
  it('is there while the project says so, and prunes by what is deployed then', async () => {
    expect(await isThere()).toBe(false);
    await deployWith({ runsMs: 30 * dayMs });
    expect(await isThere()).toBe(true);
    await deployWith({ runsMs: 60 * dayMs });
    for (let count = 1; count <= 3; count += 1) {
      await tidegate.post(made.uri);
      await tidegate.runsClosed('work', count);
    }
    await tidegate.deps.closedRuns.idle();
    await setClock(tidegate.deps.db, new Date(Date.now() + 45 * dayMs));
    await schedule().trigger();
    await eventually(async () => tidegate.logged.some((line) => line.startsWith('info pruned')));
    expect(await tidegate.runsOf('work')).toHaveLength(3);
    await setClock(tidegate.deps.db, new Date(Date.now() + 90 * dayMs));
    await eventually(async () => {
      // Triggered while the one before goes on, or within its second, it is not started again.
      await schedule().trigger();
      await delay(1_500);
      return (await tidegate.runsOf('work')).length === 1;
    });
    await setClock(tidegate.deps.db, 'real');
    await deployWith();
    expect(await isThere()).toBe(false);
  });

  it('that a deploy was cut off before is made by a sweep', async () => {
    await deployWith({ logsMs: dayMs });
    await schedule().delete();
    await tidegate.deps.db.updateTable('project').set({ is_retention_synced: false }).execute();
    await sweep(tidegate.deps, { isFull: true });
    expect(await isThere()).toBe(true);
    expect(await readRetention(tidegate.deps.db)).toMatchObject({ isSynced: true, plan: { logsMs: dayMs } });
  });
});
