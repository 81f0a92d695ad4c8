import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isGrpcServiceError } from '@temporalio/client';
import {
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap as WorkflowBundle,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { connectTemporal } from '../../temporal/connect.ts';
import { parseEnvironment } from '../../temporal/environment.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { CommandFailure, invalid, oneLine } from '../command-failure.ts';
import { exitStatus } from '../exit-status.ts';
import { findProjectVariables } from '../project-variables.ts';
import { type Report, toned } from '../report.ts';
import type { Session, Surroundings } from '../session.ts';

/** Runs a recorded history through the workflows of this version: whether they would decide again what they decided then. */
export async function replay(source: string, { surroundings }: Session): Promise<Report> {
  quieten();
  const history = source.endsWith('.json')
    ? await readHistory(source)
    : await fetchHistory(source, surroundings);
  const problem = await problemOf(await bundleWorkflows(), history, source);
  const verdict = problem === undefined ? toned('good', 'deterministic') : toned('bad', 'not deterministic');
  return {
    json: { source, deterministic: problem === undefined, problem: problem ?? null },
    sections: [{ kind: 'lines', lines: [[`${source}: `, verdict]] }],
    failure:
      problem === undefined
        ? undefined
        : `${source} does not replay with the workflows of this version: ${problem}`,
  };
}

/** A history that does not replay, and why. */
export interface ReplayProblem {
  readonly file: string;
  readonly problem: string;
}

/** Replays every history in a folder, files ending in `.json`. @returns how many there are, and those that do not replay */
export async function replayAll(
  folder: string,
): Promise<{ readonly count: number; readonly problems: readonly ReplayProblem[] }> {
  quieten();
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw invalid(`${folder} cannot be read (${error.code}): give a folder of histories saved as JSON`);
  });
  const files = names.filter((name) => name.endsWith('.json')).toSorted((a, b) => a.localeCompare(b));
  if (files.length === 0) throw invalid(`${folder} has no histories: save some there as JSON`);
  const bundle = await bundleWorkflows();
  const problems: ReplayProblem[] = [];
  for (const file of files) {
    const problem = await problemOf(bundle, await readHistory(join(folder, file)), file);
    if (problem !== undefined) problems.push({ file, problem });
  }
  return { count: files.length, problems };
}

/** What Temporal logs about a replay is the verdict, which is said by the command. */
function quieten(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { logging: { filter: 'off', console: {} } },
  });
}

async function problemOf(
  workflowBundle: WorkflowBundle,
  history: unknown,
  source: string,
): Promise<string | undefined> {
  try {
    // Without source maps a stack would name lines of the bundle; only its first line is shown here.
    await Worker.runReplayHistory({ workflowBundle }, history, source);
    return undefined;
  } catch (error) {
    if (error instanceof DeterminismViolationError || isReplayError(error)) {
      return oneLine(error.message.split('\n', 1)[0] ?? '');
    }
    throw error;
  }
}

function isReplayError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplayError';
}

async function readHistory(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalid(`${file} cannot be read (${error.code}): give a workflow id, or a history saved as JSON`);
  });
  const history = parse(text);
  if (
    typeof history === 'object' &&
    history !== null &&
    'events' in history &&
    Array.isArray(history.events)
  ) {
    return history;
  }
  throw invalid(
    `${file} is no history: save one with \`temporal workflow show --output json\` or from the Web UI`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As gRPC numbers it. */
const notFound = 5;

async function fetchHistory(workflowId: string, surroundings: Surroundings): Promise<unknown> {
  // A replay needs no database, so none has to be named.
  const { variables } = findProjectVariables(surroundings);
  const { temporal: options } = parseEnvironment({ DATABASE_URL: 'postgres://unused', ...variables });
  const { client, namespace } = await connectTemporal(options);
  try {
    return await client.workflow.getHandle(workflowId).fetchHistory();
  } catch (error) {
    // oxlint-disable-next-line typescript/no-unsafe-enum-comparison -- the enum is in a package that comes with the client
    if (!isGrpcServiceError(error) || error.code !== notFound) throw error;
    throw new CommandFailure(
      exitStatus.failed,
      `namespace ${namespace} has no workflow ${JSON.stringify(workflowId)}: \`tidegate runs show\` names that of a run`,
    );
  } finally {
    await client.connection.close();
  }
}
