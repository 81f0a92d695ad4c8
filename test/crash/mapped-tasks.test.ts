import { parseTaskId } from '../../core/ids.ts';
import { type Crash, startCrash } from '../support/crash.ts';
import type { FaultPoint } from '../support/faults.ts';
import { eventually } from '../support/tidegate.ts';

describe('a worker killed in the middle of a mapped task', () => {
  let crash: Crash;

  beforeAll(async () => {
    crash = await startCrash();
  });

  afterAll(() => crash.stop());

  it.each<FaultPoint>([
    'after activity expandTask',
    'before commit of a task success',
    'after commit of a task success',
  ])('%s runs each instance to its end, and records its event once', async (point) => {
    const worker = await crash.worker();
    const isEarly = point === 'after activity expandTask';
    if (isEarly) await worker.killAt(point);
    const runId = await crash.trigger('spread');
    const ofRun = crash.deps.db.selectFrom('task_run').where('run_id', '=', runId);
    const each = parseTaskId('each');
    const instances = ofRun.where('task_id', '=', each).orderBy('map_index');
    if (!isEarly) {
      await eventually(async () => (await instances.select('state').execute()).length > 0);
      await worker.killAt(point);
    }
    await worker.broken();
    await crash.worker();
    expect(await crash.problems()).toEqual([]);
    expect(await instances.select(['map_index', 'state']).execute()).toEqual(
      [0, 1, 2, 3, 4, 5].map((map_index) => ({ map_index, state: 'success' })),
    );
    const events = crash.deps.db.selectFrom('asset_event').where('source_run_id', '=', runId);
    expect(await events.select('source_map_index').orderBy('source_map_index').execute()).toEqual(
      [0, 1, 2, 3, 4, 5].map((source_map_index) => ({ source_map_index })),
    );
  });
});
