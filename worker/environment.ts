import { type Environment, parseEnvironment, valueOf, type Variables } from '../temporal/environment.ts';

/** What a worker process reads from its environment. */
export interface WorkerEnvironment extends Environment {
  /** Folder with the `tidegate.config.ts`. */
  readonly projectFolder: string;
  /** Queues besides the project's own, whose tasks it takes too. */
  readonly taskQueues: readonly string[];
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
  };
}
