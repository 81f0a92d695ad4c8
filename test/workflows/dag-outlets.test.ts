import { parseDagId } from '../../core/ids.ts';
import { asset, dag } from '../../sdk/index.ts';
import { fail, ok, type Runs, skip, startRuns } from '../support/runs.ts';
import { eventually } from '../support/tidegate.ts';

const whole = asset('s3://outlets/whole');
const part = asset('s3://outlets/part');

const dags = [
  dag('good', { outlets: [whole] }, (d) => {
    const first = d.task('first', { outlets: [part] }, ok);
    d.task('second', { needs: [first], triggerRule: 'one_failed' }, ok);
  }),
  dag('fails', { outlets: [whole] }, (d) => {
    const first = d.task('first', { outlets: [part] }, ok);
    d.task('second', { needs: [first] }, fail);
  }),
  dag('skips', { outlets: [whole] }, (d) => void d.task('only', skip)),
  dag('cancelled', { outlets: [whole] }, (d) => {
    d.task(
      'only',
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    );
  }),
  dag('reader', { schedule: whole }, (d) => {
    d.task('read', async ({ events }) => {
      const [event] = await events.all().toArray();
      return [event?.source ?? null, event?.sourceRun ?? null];
    });
  }),
];

let runs: Runs;
beforeAll(async () => {
  runs = await startRuns(dags);
});
afterAll(() => runs.tidegate.stop());

const recordedBy = (dagId: string) =>
  runs.tidegate.deps.db
    .selectFrom('asset_event')
    .innerJoin('asset', 'asset.id', 'asset_id')
    .select(['uri', 'source_task_id'])
    .where('source_dag_id', '=', parseDagId(dagId))
    .orderBy('seq')
    .execute();

describe('the outlets of a DAG as a whole', () => {
  it('are updated once when a run succeeds, behind those of its tasks, and start who waits for them', async () => {
    const { run, states } = await runs.runOf('good');
    expect([run.state, states]).toEqual(['success', { first: 'success', second: 'skipped' }]);
    expect(await recordedBy('good')).toEqual([
      { uri: part.uri, source_task_id: 'first' },
      { uri: whole.uri, source_task_id: null },
    ]);
    const [started] = await runs.tidegate.runsClosed('reader', 1);
    const [task] = await runs.tidegate.tasksOf('reader', started?.run_id ?? '');
    expect(task?.result).toEqual([
      { kind: 'dag', dagId: 'good', runId: run.run_id },
      { logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null },
    ]);
  });

  it('are not updated when it fails, though some of its tasks were done', async () => {
    expect((await runs.runOf('fails')).run.state).toBe('failed');
    expect(await recordedBy('fails')).toEqual([{ uri: part.uri, source_task_id: 'first' }]);
  });

  it('are not updated when every task was skipped, or the run was cancelled', async () => {
    expect((await runs.runOf('skips')).run.state).toBe('success');
    const runId = await runs.tidegate.trigger('cancelled');
    await eventually(async () => (await runs.tidegate.tasksOf('cancelled', runId)).length > 0);
    await runs.tidegate.run('cancelled', runId).cancel();
    expect((await runs.tidegate.closed('cancelled', runId)).state).toBe('failed');
    expect([await recordedBy('skips'), await recordedBy('cancelled')]).toEqual([[], []]);
    expect(await runs.tidegate.runsOf('reader')).toHaveLength(1);
  });
});
