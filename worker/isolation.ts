import type { TaskCode } from '../activities/deps.ts';
import type { DagId } from '../core/ids.ts';
import { parseIsolation } from '../sdk/isolate.ts';
import { createPlaces } from './isolated/places.ts';
import { runIsolated } from './isolated/run-isolated.ts';

/** Where isolated tasks find their code, and how many of them run at a time. */
export interface IsolationOptions {
  /** Path of the file that exports a DAG. */
  readonly fileOf: (dagId: DagId) => string | undefined;
  readonly places: number;
}

/** The same tasks, of which those that say so run their code in processes of their own. */
export function withIsolation(tasks: TaskCode, { fileOf, places: count }: IsolationOptions): TaskCode {
  const places = createPlaces(count);
  return {
    describe: (asset) => tasks.describe(asset),
    findTask(dagId, taskId) {
      const task = tasks.findTask(dagId, taskId);
      const isolation = parseIsolation(task?.options.isolate);
      const file = fileOf(dagId);
      if (task === undefined || isolation === undefined || file === undefined) return task;
      return {
        ...task,
        async run(context) {
          const giveBack = await places.take(context.signal);
          try {
            return await runIsolated({ task, isolation, file, context });
          } finally {
            giveBack();
          }
        },
      };
    },
  };
}
