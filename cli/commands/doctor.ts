import { WorkflowNotFoundError } from '@temporalio/client';
import { MonitorHealth } from '../../api/contract/health.ts';
import { tickWorkflowId } from '../../core/workflow-names.ts';
import { listDags } from '../../store/dag-queries.ts';
import { type Db, openDatabase } from '../../store/database.ts';
import { countImportErrors } from '../../store/import-errors.ts';
import { readLog } from '../../store/log.ts';
import { pendingMigrations } from '../../store/migrate.ts';
import { reachDatabase } from '../../store/reach.ts';
import { readRetention } from '../../store/retention.ts';
import { connectTemporal } from '../../temporal/connect.ts';
import type { Temporal } from '../../temporal/deps.ts';
import { isScheduled } from '../../temporal/named-schedule.ts';
import { readNamespaceRetention } from '../../temporal/namespace-retention.ts';
import { type Environment, parseEnvironment } from '../../temporal/environment.ts';
import { oneLine } from '../command-failure.ts';
import { requireProjectVariables } from '../project-variables.ts';
import { type Report, toned } from '../report.ts';
import type { Session } from '../session.ts';

interface Outcome {
  readonly found: string;
  /** There when something is wrong. */
  readonly remedy?: string;
  /** What is not wrong, and yet worth a thought. */
  readonly warning?: string;
}
interface Finding extends Outcome {
  readonly check: string;
}
/** Looks, and notes what was found; what cannot be looked at is wrong, and what it says or `remedy` names the way out. */
type Check = (name: string, look: () => Promise<Outcome>, remedy?: string) => Promise<boolean>;

/** Checks everything a project stands on, without changing anything. */
export async function examine({ api, surroundings }: Session): Promise<Report> {
  const findings: Finding[] = [];
  const check: Check = async (name, look, remedy = '') => {
    const outcome = await look().catch((error: unknown): Outcome => {
      return { found: oneLine(error instanceof Error ? error.message : String(error)), remedy };
    });
    findings.push({ check: name, ...outcome });
    return outcome.remedy === undefined;
  };

  await check('node', async () => ({ found: process.versions.node }));
  await check('api', async () => {
    await api.get(MonitorHealth, '/api/v2/monitor/health');
    return { found: `${api.url} answers` };
  });
  let environment: Environment | undefined;
  await check('environment', async () => {
    const { variables, stack } = requireProjectVariables(surroundings);
    environment = parseEnvironment(variables);
    return { found: stack === undefined ? 'valid' : `that of the stack in ${stack}` };
  });
  if (environment !== undefined) await examineServers(environment, check);
  return reportOf(findings);
}

async function examineServers(environment: Environment, check: Check): Promise<void> {
  const db = openDatabase({ ...environment.database, applicationName: 'tidegate-doctor', maxConnections: 2 });
  let temporal: Temporal | undefined;
  try {
    const { url, schema } = environment.database;
    const isMigrated =
      (await check(
        'postgres',
        async () => {
          await reachDatabase(db, url);
          return { found: `answers, schema ${schema}` };
        },
        'start it, or correct DATABASE_URL',
      )) && (await check('migrations', () => lookAtMigrations(db)));
    await check(
      'temporal',
      async () => {
        temporal = await connectTemporal(environment.temporal);
        return { found: `${environment.temporal.address} answers, namespace ${temporal.namespace}` };
      },
      'start it, or correct TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE',
    );
    if (temporal !== undefined) await examineTemporal(temporal, isMigrated ? db : undefined, check);
    if (isMigrated) await check('import errors', () => lookAtImportErrors(db));
  } finally {
    await temporal?.client.connection.close();
    await db.destroy();
  }
}

async function examineTemporal(temporal: Temporal, db: Db | undefined, check: Check): Promise<void> {
  await check('worker', () => lookAtWorkers(temporal));
  if (db === undefined) return;
  await check('namespace', () => lookAtOwner(db, temporal));
  await check('schedules', () => lookAtSchedules(db, temporal));
  await check('history', () => lookAtHistory(db, temporal));
}

async function lookAtMigrations(db: Db): Promise<Outcome> {
  const pending = await pendingMigrations(db);
  if (pending.length === 0) return { found: 'up to date' };
  return { found: `${pending.join(', ')} not run`, remedy: 'run `tidegate db migrate`' };
}

async function lookAtImportErrors(db: Db): Promise<Outcome> {
  const count = await countImportErrors(db);
  if (count === 0) return { found: 'none' };
  return { found: `${count} broken files`, remedy: '`tidegate dags list-import-errors` names them' };
}

/** Kinds of task queue as Temporal's protocol numbers them. */
const workflowQueue = 1;
const activityQueue = 2;

async function lookAtWorkers({ client, namespace, taskQueue }: Temporal): Promise<Outcome> {
  // oxlint-disable typescript/no-unsafe-enum-assignment -- the enum is in a package that comes with the client
  const polled = await Promise.all(
    [workflowQueue, activityQueue].map((taskQueueType) =>
      client.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType }),
    ),
  );
  // oxlint-enable typescript/no-unsafe-enum-assignment
  const workers = new Set(polled.flatMap(({ pollers }) => (pollers ?? []).map(({ identity }) => identity)));
  if (polled.every(({ pollers }) => (pollers ?? []).length > 0)) {
    return { found: `task queue ${taskQueue} is polled by ${[...workers].join(', ')}` };
  }
  return {
    found: `nobody polls task queue ${taskQueue}`,
    remedy: 'start `tidegate worker`, with the same TIDEGATE_TASK_QUEUE',
  };
}

async function lookAtOwner(db: Db, { client, namespace }: Temporal): Promise<Outcome> {
  const { id } = await readLog(db);
  const owner = await client.workflow
    .getHandle('tidegate/project')
    .describe()
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
  if (owner === undefined) return { found: `${namespace} is free: the first process that starts takes it` };
  const log = String(owner.memo?.['log']);
  if (log === id) return { found: `${namespace} belongs to this project` };
  return {
    found: `${namespace} belongs to another project (event log ${log}, this database has ${id})`,
    remedy: 'set TEMPORAL_NAMESPACE to one of its own, or DATABASE_URL and TIDEGATE_SCHEMA to that project',
  };
}

/** Temporal forgets what ended; runs that are kept longer have links that lead nowhere. */
async function lookAtHistory(db: Db, temporal: Temporal): Promise<Outcome> {
  const historyMs = await readNamespaceRetention(temporal);
  if (historyMs === null) return { found: 'Temporal does not say how long it keeps histories' };
  const { plan } = await readRetention(db);
  const runsMs = plan?.runsMs;
  const found = `Temporal keeps histories for ${days(historyMs)}, runs are kept ${runsMs === undefined ? 'for ever' : `for ${days(runsMs)}`}`;
  if (runsMs === undefined || historyMs >= runsMs) return { found };
  const command = `temporal operator namespace update --retention ${days(runsMs)} -n ${temporal.namespace}`;
  return { found, warning: `links of older runs to Temporal lead nowhere; \`${command}\` keeps them` };
}

function days(ms: number): string {
  return `${Math.round((ms / 86_400_000) * 10) / 10}d`;
}

/** More than any project has. */
const mostDags = 100_000;

async function lookAtSchedules(db: Db, { client }: Temporal): Promise<Outcome> {
  const page = { limit: mostDags, offset: 0, orderBy: [] };
  const dags = await listDags(db, { excludeRetired: true }, page);
  const timed = dags.filter(({ plan }) => plan.cron !== null).map(({ dag_id }) => dag_id);
  const listed = new Set<string>();
  for await (const { scheduleId } of client.schedule.list()) listed.add(scheduleId);
  const missing = [];
  for (const dagId of timed) {
    // A list lags behind what was just made.
    if (!listed.has(tickWorkflowId(dagId)) && !(await isScheduled(client, tickWorkflowId(dagId))))
      missing.push(dagId);
  }
  if (missing.length === 0) return { found: `${timed.length} of ${timed.length} are there` };
  return {
    found: `there is none for ${missing.join(', ')}`,
    remedy: 'run `tidegate deploy`; one that was deleted by hand comes back when its DAG changes',
  };
}

function reportOf(findings: readonly Finding[]): Report {
  const wrong = findings.filter(({ remedy }) => remedy !== undefined);
  const width = Math.max(...findings.map(({ check }) => check.length));
  return {
    json: {
      checks: findings.map(({ remedy, warning, ...finding }) => ({
        ...finding,
        ok: remedy === undefined,
        remedy,
        ...(warning === undefined ? {} : { warning }),
      })),
    },
    sections: [
      {
        kind: 'lines',
        lines: findings.map(({ check, found, remedy, warning }) => [
          remedy === undefined ? toned('good', warning === undefined ? '✓' : '!') : toned('bad', '✗'),
          ` ${check.padEnd(width)}  ${found}`,
          ...((remedy ?? warning ?? '') === '' ? [] : [toned('strong', `: ${remedy ?? warning}`)]),
        ]),
      },
    ],
    failure:
      wrong.length === 0 ? undefined : `${wrong.length} of ${findings.length} checks found something wrong`,
  };
}
