import { availableParallelism } from 'node:os';
import { parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import { type Environment, parseEnvironment, valueOf, type Variables } from '../temporal/environment.ts';
import { defaultIdempotencyRetentionMs } from '../temporal/sweep.ts';

/** Shorter, and a client that tries again after a time-out would be recorded twice. */
const leastRetentionMs = 60_000;
const mostIsolatedTasks = 1_000;

/** With what a task may take to stop, less than the 30 seconds that Kubernetes gives a container. */
const defaultDrainMs = 15_000;
const longestDrainMs = 86_400_000;

/** What a worker process reads from its environment. */
export interface WorkerEnvironment extends Environment {
  /** Folder with the `tidegate.config.ts`. */
  readonly projectFolder: string;
  /** Queues besides the project's own, whose tasks it takes too. */
  readonly taskQueues: readonly string[];
  /** Which projects it deploys at start: those nobody deployed before, whatever it finds, or none. */
  readonly deploys: 'new' | 'always' | 'never';
  /** How long the idempotency key of a request is kept. */
  readonly idempotencyRetentionMs: number;
  /** Most isolated tasks at a time, each of which is a process. */
  readonly isolatedTasks: number;
  /** How long running tasks may go on once the worker is told to stop. */
  readonly drainMs: number;
}

/** @throws TidegateError `invalid_environment` naming the first variable that is missing or malformed */
export function parseWorkerEnvironment(variables: Variables): WorkerEnvironment {
  return {
    ...parseEnvironment(variables),
    projectFolder: valueOf(variables, 'TIDEGATE_PROJECT') ?? '.',
    taskQueues: (valueOf(variables, 'TIDEGATE_TASK_QUEUES') ?? '')
      .split(',')
      .map((queue) => queue.trim())
      .filter((queue) => queue !== ''),
    deploys: deploysOf(variables),
    idempotencyRetentionMs: retentionOf(variables, 'TIDEGATE_IDEMPOTENCY_RETENTION'),
    isolatedTasks: isolatedTasksOf(variables, 'TIDEGATE_ISOLATED_TASKS'),
    drainMs: drainOf(variables, 'TIDEGATE_DRAIN_TIMEOUT'),
  };
}

function deploysOf(variables: Variables): WorkerEnvironment['deploys'] {
  const value = valueOf(variables, 'TIDEGATE_DEPLOY') ?? 'new';
  if (value === 'new' || value === 'always' || value === 'never') return value;
  throw new TidegateError(
    'invalid_environment',
    `TIDEGATE_DEPLOY ${quote(value)} is not valid: use 'new', 'always' or 'never'`,
  );
}

function retentionOf(variables: Variables, name: string): number {
  const value = valueOf(variables, name);
  if (value === undefined) return defaultIdempotencyRetentionMs;
  const ms = durationIn(value);
  if (ms !== undefined && ms >= leastRetentionMs) return ms;
  throw new TidegateError(
    'invalid_environment',
    `${name} ${quote(value)} is not valid: use a duration of at least a minute, such as '7 days' or '12h'`,
  );
}

function isolatedTasksOf(variables: Variables, name: string): number {
  const value = valueOf(variables, name);
  if (value === undefined) return availableParallelism();
  const count = /^\d+$/.test(value) ? Number(value) : 0;
  if (count >= 1 && count <= mostIsolatedTasks) return count;
  throw new TidegateError(
    'invalid_environment',
    `${name} ${quote(value)} is not valid: use a whole number from 1 to ${mostIsolatedTasks}`,
  );
}

function drainOf(variables: Variables, name: string): number {
  const value = valueOf(variables, name);
  if (value === undefined) return defaultDrainMs;
  const ms = durationIn(value);
  if (ms !== undefined && ms <= longestDrainMs) return ms;
  throw new TidegateError(
    'invalid_environment',
    `${name} ${quote(value)} is not valid: use a duration of at most a day, such as '20 seconds' or '10m'`,
  );
}

function durationIn(value: string): number | undefined {
  try {
    return parseDuration(value);
  } catch (error) {
    if (error instanceof TidegateError) return undefined;
    throw error;
  }
}
