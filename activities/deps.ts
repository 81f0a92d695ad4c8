import type { DagId, TaskId } from '../core/ids.ts';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import type { AnyAsset, TaskDefinition } from '../sdk/index.ts';
import type { Deps } from '../temporal/deps.ts';
import type { Resources } from './resources.ts';

/** The code of the tasks this worker can run. */
export interface TaskCode {
  findTask(dagId: DagId, taskId: TaskId): TaskDefinition | undefined;
  /** An asset with all that the project says of it. */
  describe(asset: AnyAsset): AnyAsset;
}

/** What a worker's activities work with. */
export interface WorkerDeps extends Deps {
  readonly tasks: TaskCode;
  readonly resources: Resources;
  /** Those found registered in the namespace. */
  readonly searchAttributes: readonly SearchAttributeName[];
  /** Names this worker in task rows. */
  readonly identity: string;
  /** Aborted when the worker stops and hands its tries back; absent where it never does by itself. */
  readonly handBack?: AbortSignal;
}
