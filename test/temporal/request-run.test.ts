import { parseDagId, parseRunId } from '../../core/ids.ts';
import { deployProject } from '../../store/deploy.ts';
import { openDeps } from '../../temporal/open-deps.ts';
import { requestRun } from '../../temporal/request-run.ts';
import { recordingLog } from '../support/api.ts';
import { aLatch } from '../support/latch.ts';
import { aDagPlan, aProject, hashOf } from '../support/plans.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { createTestNamespace } from '../support/temporal.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

describe('a requested run', () => {
  it('is told to its consumer before what that needs is closed', async () => {
    const { address, namespace } = await createTestNamespace();
    const { log, logged } = recordingLog();
    const latch = aLatch();
    const order: string[] = [];
    const deps = await openDeps({
      environment: {
        database: { url: database.url, schema: 'tidegate' },
        temporal: { address, namespace, taskQueue: 'tidegate' },
        temporalUiUrl: undefined,
      },
      applicationName: 'test',
      log,
      interceptors: {
        workflow: [
          {
            signalWithStart: async (input, next) => {
              await latch.opened;
              const runId = await next(input);
              order.push('told');
              return runId;
            },
          },
        ],
      },
    });
    const dagId = parseDagId('load');
    await deployProject(deps.db, aProject([aDagPlan({ dagId })]), hashOf);

    const none = { note: null, logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null };
    const runId = parseRunId(dagId, 'by_hand');
    await requestRun(deps, { dagId, runId, trigger: 'manual', conf: '{}', ...none });
    const closing = deps.close().then(() => order.push('closed'));
    latch.open();
    await closing;

    expect(order).toEqual(['told', 'closed']);
    expect(logged).toEqual([]);
  });
});
