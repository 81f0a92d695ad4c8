import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import { type Environment, parseEnvironment, valueOf, type Variables } from '../temporal/environment.ts';

/** What a worker process reads from its environment. */
export interface WorkerEnvironment extends Environment {
  /** Folder with the `tidegate.config.ts`. */
  readonly projectFolder: string;
  /** Queues besides the project's own, whose tasks it takes too. */
  readonly taskQueues: readonly string[];
  /** Which projects it deploys at start: those nobody deployed before, whatever it finds, or none. */
  readonly deploys: 'new' | 'always' | 'never';
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
