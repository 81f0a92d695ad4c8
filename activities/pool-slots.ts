import { TidegateError } from '../core/errors.ts';
import type { TaskId } from '../core/ids.ts';
import { type PoolUse, slotsOf } from '../core/pool.ts';
import { keyOf } from '../core/pool-key.ts';
import type { TemplateValues } from '../core/template.ts';
import type { Db } from '../store/database.ts';
import { readKeyValues } from '../store/pool-key-values.ts';
import type { RunAttempt } from '../store/runs.ts';
import type { LeaseAnswer } from '../store/settle-pool.ts';
import { failUnstarted } from '../store/task-ends.ts';
import type { Deps } from '../temporal/deps.ts';

/** What a workflow asks for: slots of a pool for one of its tasks, or for its run as a whole. */
export interface SlotWish extends RunAttempt {
  readonly pool: PoolUse;
  /** Absent where it is for the run. */
  readonly taskId?: TaskId;
  /** Which instance of a mapped task. */
  readonly mapIndex?: number;
  /** Who is told when it is granted. */
  readonly workflowId: string;
}

/** `failed` where nobody can know for whom it is; of a task that then is written down. */
export type SlotAnswer = LeaseAnswer | { readonly kind: 'failed'; readonly reason: string };

/** Asks for slots, or gives back what was granted, or the place of what waits. */
export interface SlotExchange {
  readonly kind: 'ask' | 'give back';
  readonly wish: SlotWish;
}

/** Asks for slots and gives slots back. Told again it changes nothing. @returns an answer for each, in their order */
export function exchangeSlots(
  deps: Deps,
  exchanges: readonly SlotExchange[],
): Promise<readonly SlotAnswer[]> {
  return Promise.all(
    exchanges.map(async ({ kind, wish }, index): Promise<SlotAnswer> => {
      // What is given back at once would be written after it was taken out.
      if (kind === 'ask')
        return isGivenBack(exchanges.slice(index), wish) ? { kind: 'granted' } : askSlot(deps, wish);
      await deps.pools.giveBack(wish.pool.name, wish);
      return { kind: 'granted' };
    }),
  );
}

function isGivenBack(later: readonly SlotExchange[], { taskId, mapIndex }: SlotWish): boolean {
  return later.some(
    ({ kind, wish }) => kind === 'give back' && wish.taskId === taskId && wish.mapIndex === mapIndex,
  );
}

async function askSlot(deps: Deps, wish: SlotWish): Promise<SlotAnswer> {
  const { pool, taskId, ...rest } = wish;
  try {
    const key = keyOf(pool, wish.dagId, await valuesFor(deps.db, wish));
    const task = taskId === undefined ? {} : { taskId };
    const answer = await deps.pools.ask(pool.name, { ...rest, ...task, key, slots: slotsOf(pool) });
    // Instances may be many, and the history keeps what is answered; nobody shows this of each of them.
    return answer.kind === 'waiting' && wish.mapIndex !== undefined ? { ...answer, why: '' } : answer;
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'invalid_input') throw error;
    if (taskId !== undefined) await failUnstarted(deps.db, { ...wish, taskId }, error.message);
    return { kind: 'failed', reason: error.message };
  }
}

/** Most keys are plain: then nothing is read. */
async function valuesFor(db: Db, { pool, dagId, runId }: SlotWish): Promise<TemplateValues> {
  return pool.key?.includes('{{') === true ? readKeyValues(db, dagId, runId) : noValues;
}

const noValues: TemplateValues = {
  ...{ logicalAt: null, dataIntervalStartAt: null, dataIntervalEndAt: null, partitionKey: null },
  params: {},
};
