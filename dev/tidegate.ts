import { rm, writeFile } from 'node:fs/promises';
import { toStackVariables } from '../cli/running-stack.ts';
import { projectVariables } from '../temporal/environment.ts';
import { startApi } from './api-process.ts';
import type { Children } from './children.ts';
import type { DataFolder } from './data-folder.ts';
import type { Stack } from './stack.ts';
import { type LoadedProject, startWorker } from './worker-process.ts';

export interface TidegateOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly stack: Stack;
  readonly folder: DataFolder;
  readonly projectFolder: string;
  readonly children: Children;
}

/** The API and a worker on a stack, each a process of its own. */
export interface Tidegate {
  readonly kind: 'up';
  readonly apiUrl: string;
  readonly project: LoadedProject;
  /** Puts the project as it is now in force. @returns what changed, or why there is no worker now */
  reload(): Promise<LoadedProject | string>;
  /** Lets tasks go on for a few seconds, then hands them back. */
  stop(): Promise<void>;
}

/** Time for tasks in hand; Postgres and Temporal need the rest of the ten seconds. */
const stopWithinMs = 6_500;

/** Starts both at once; a reason when one of them does not come up. */
export async function startTidegate(
  options: TidegateOptions,
): Promise<Tidegate | { readonly kind: 'failed'; readonly reason: string }> {
  const { folder, children } = options;
  const shared = { environment: environmentOf(options), folder, children };
  const [api, worker] = await Promise.all([startApi(shared), startWorker(shared)]);
  if (api.kind === 'failed') return { kind: 'failed', reason: `api: ${api.reason}` };
  if (worker.kind === 'failed') return { kind: 'failed', reason: `worker: ${worker.reason}` };
  await writeFile(folder.apiUrl, `${api.url}\n`);
  await leaveVariables(folder, shared.environment);

  let workers = [worker.child];
  return {
    kind: 'up',
    apiUrl: api.url,
    project: worker.project,
    async reload() {
      await Promise.all(workers.map((child) => child.stop(stopWithinMs)));
      const next = await startWorker(shared);
      workers = next.kind === 'up' ? [next.child] : [];
      return next.kind === 'up' ? next.project : next.reason;
    },
    async stop() {
      await Promise.all([api.child, ...workers].map((child) => child.stop(stopWithinMs)));
      for (const file of [folder.apiUrl, folder.variables]) await rm(file, { force: true });
    },
  };
}

/** For commands of whoever started the stack: the address of a database may hold a password. */
async function leaveVariables(
  { variables: file }: DataFolder,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const variables = projectVariables.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value]];
  });
  await rm(file, { force: true });
  const text = toStackVariables({ pid: process.pid, variables: Object.fromEntries(variables) });
  await writeFile(file, text, { mode: 0o600 });
}

function environmentOf({ environment, stack, folder, projectFolder }: TidegateOptions): NodeJS.ProcessEnv {
  const { databaseUrl, temporalAddress, temporalNamespace, temporalUiUrl } = stack;
  return {
    ...environment,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: temporalNamespace,
    TIDEGATE_UI_URL: temporalUiUrl,
    TIDEGATE_PROJECT: projectFolder,
    TIDEGATE_DATA_LAKE: environment['TIDEGATE_DATA_LAKE'] || folder.lake,
  };
}
