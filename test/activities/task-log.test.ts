import { createTaskLog } from '../../activities/task-log.ts';
import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import { aDagPlan } from '../support/plans.ts';
import { startStore, type TestStore } from '../support/store.ts';

const dagId = parseDagId('a_dag');
const tried = { dagId, runId: parseRunId(dagId, 'a_run'), attempt: 1, taskId: parseTaskId('a_task'), try: 2 };

describe('the log of a task', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await startStore([aDagPlan({ dagId })]);
  });
  afterEach(() => store.stop());

  const written = () =>
    store.db.selectFrom('task_log').select(['try', 'level', 'message', 'fields']).orderBy('id').execute();
  const open = (warnings: string[] = []) =>
    createTaskLog(store.db, tried, { now: Date.now, warn: (message) => void warnings.push(message) });

  it('is written when it is closed, in order, with try, level and fields', async () => {
    const log = open();
    log.info('first', { rows: 1 });
    log.warn('second');
    await log.close();
    expect(await written()).toEqual([
      { try: 2, level: 'info', message: 'first', fields: { rows: 1 } },
      { try: 2, level: 'warn', message: 'second', fields: {} },
    ]);
  });

  it('takes whatever an author gives it, and never fails the task', async () => {
    const log = open();
    const circular: { self?: object } = {};
    circular.self = circular;
    log.info('NUL \u0000 inside', { text: 'also \u0000 here' });
    log.info('no JSON', circular);
    log.info('no object', [1, 2]);
    log.info('x'.repeat(20_000), { text: 'y'.repeat(20_000) });
    await log.close();
    const lines = await written();
    expect(lines[0]).toMatchObject({ message: 'NUL  inside', fields: { unwritable: expect.any(String) } });
    expect(lines[1]).toMatchObject({ message: 'no JSON', fields: { unwritable: expect.any(String) } });
    expect(lines[2]).toMatchObject({ fields: { cut: '[1,2]' } });
    expect(lines[3]?.message).toHaveLength(16_384);
  });

  it('that cannot be written is said, and closing it does not fail', async () => {
    const warnings: string[] = [];
    const log = open(warnings);
    log.info('lost');
    await store.db.destroy();
    await log.close();
    expect(warnings).toEqual(['task log not written yet']);
    store = await startStore();
  });
});
