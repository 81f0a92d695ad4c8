import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { clearRun } from '../../temporal/clear-run.ts';
import { everything } from '../support/attempts.ts';
import { type Crash, startCrash } from '../support/crash.ts';
import type { FaultPoint } from '../support/faults.ts';
import { eventually } from '../support/tidegate.ts';

const points: readonly FaultPoint[] = [
  'after activity expandTask',
  'before commit of a task success',
  'after commit of a task success',
];

describe('a worker killed in the middle of a mapped task', () => {
  let crash: Crash;

  beforeAll(async () => {
    crash = await startCrash();
  });

  afterAll(() => crash.stop());

  it.each(points)('%s runs each instance to its end, and records its event once', async (point) => {
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

  it.each(points)('%s runs each instance once more that is to run again, and no other', async (point) => {
    const worker = await crash.worker();
    const name = await crash.trigger('spread');
    const dagId = parseDagId('spread');
    const runId = parseRunId(dagId, name);
    const run = crash.deps.db.selectFrom('run').where('run_id', '=', runId).select(['attempt', 'state']);
    const ended = (attempt: number) => async () => {
      const row = await run.executeTakeFirst();
      return row?.attempt === attempt && row.state === 'success';
    };
    await eventually(ended(1), 60_000);
    await worker.killAt(point);
    const wish = { ...everything, tasks: [1, 3, 4].map((index) => ['each', index] as const) };
    await clearRun(crash.deps, { dagId, runId, seen: 1, who: 'test', why: 'clear', wish });
    await worker.broken();
    await crash.worker();
    await eventually(ended(2), 60_000);
    expect(await crash.problems()).toEqual([]);
    const instances = crash.deps.db
      .selectFrom('task_run')
      .where('run_id', '=', runId)
      .where('attempt', '=', 2);
    const each = instances.where('task_id', '=', parseTaskId('each')).orderBy('map_index');
    expect(await each.select(['map_index', 'state', 'ran_in']).execute()).toEqual(
      [1, null, 1, null, null, 1].map((ran_in, map_index) => ({ map_index, state: 'success', ran_in })),
    );
    const events = crash.deps.db.selectFrom('asset_event').where('source_run_id', '=', runId);
    const recorded = await events.select('source_map_index').orderBy('source_map_index').execute();
    expect(recorded.map((event) => event.source_map_index)).toEqual([0, 1, 1, 2, 3, 3, 4, 4, 5]);
  });
});
