import type { TaskId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import type { Db } from './database.ts';
import type { RunAttempt } from './runs.ts';
import { readItems } from './task-results.ts';

/** Items read at a time: Postgres unpacks the whole list for each of them. */
const chunkSize = 32;
/** Most chunks kept, the ones read last. An item is 256 KiB at most. */
const maxChunks = 16;

/** Items of what tasks are mapped over, read some at a time: what an attempt of a run is mapped over does not change any more. */
export class MappedItems {
  readonly #db: Db;
  readonly #chunks = new Map<string, Promise<readonly Json[]>>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** The item of an instance, `null` where there is none. */
  async read({ dagId, runId, attempt }: RunAttempt, over: TaskId, index: number): Promise<Json> {
    const nth = Math.floor(index / chunkSize);
    const key = JSON.stringify([dagId, runId, attempt, over, nth]);
    const part = { from: nth * chunkSize, count: chunkSize };
    const chunk = this.#chunks.get(key) ?? readItems(this.#db, { dagId, runId, attempt }, over, part);
    this.#keepLast(key, chunk);
    const items = await chunk.catch((error: unknown) => {
      // What could not be read is read again.
      this.#chunks.delete(key);
      throw error;
    });
    // Others get it, too, and code may change what it is given.
    return structuredClone(items[index % chunkSize] ?? null);
  }

  #keepLast(key: string, chunk: Promise<readonly Json[]>): void {
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    const [oldest] = this.#chunks.keys();
    if (this.#chunks.size > maxChunks && oldest !== undefined) this.#chunks.delete(oldest);
  }
}
