import { CancellationScope, condition, log, setHandler, workflowInfo } from '@temporalio/workflow';
import type { SlotAnswer, SlotExchange, SlotWish } from '../activities/index.ts';
import type { TaskId } from '../core/ids.ts';
import type { PoolUse } from '../core/pool.ts';
import { exchangeSlots } from './local-activities.ts';
import { isSlotsOfTasks, slotsGrantedSignal } from './messages.ts';
import type { InTurn } from './one-by-one.ts';
import type { RunReference } from './task-activity.ts';

/** How long until it is asked again for what is waited for, in case that it was granted and nobody said so; twice as long each time. */
const firstReminderMs = 60_000;
const longestReminderMs = 3_600_000;
/** Most asks and returns of one local activity. */
const mostTogether = 500;

/** For whom a workflow asks: one of its tasks, an instance of it, or its run as a whole. */
export interface SlotUser {
  readonly run: RunReference;
  readonly taskId?: TaskId;
  readonly mapIndex?: number;
  /** Told why it waits, and of `null` when it does no more. */
  readonly onWait?: (why: string | null) => void;
}

/** Whether slots were taken; `failed` where they could not be asked for. */
export type Taken = { readonly kind: 'taken' } | { readonly kind: 'failed'; readonly reason: string };

/** Takes slots of pools, and gives them back. */
export interface Slots {
  /** Waits until they are granted. Cancelled meanwhile, it gives its place up and throws the cancellation. */
  take(pool: PoolUse, user: SlotUser): Promise<Taken>;
  /** Gives back what was taken, also when all is cancelled. */
  giveBack(pool: PoolUse, user: SlotUser): Promise<void>;
  /** Makes a call to a local activity that is not about slots, not while one that is goes on. */
  readonly inTurn: InTurn;
}

interface Pending {
  readonly exchange: SlotExchange;
  done(answer: SlotAnswer): void;
  fail(error: unknown): void;
}

/** Told by signals of what it waits for. What a signal that is lost does not say, it is told when it asks again. */
export function listenForSlots(inTurn: InTurn): Slots {
  const waiting = new Map<string, SlotWish>();
  /** Asked for and not answered yet, and whether a signal was faster: Postgres may be slow to answer. */
  const asking = new Map<string, { isGranted: boolean }>();
  const listen = (): void =>
    setHandler(slotsGrantedSignal, (granted: unknown) => {
      if (!isSlotsOfTasks(granted)) return log.warn('malformed slotsGranted signal dropped');
      for (const { taskId, mapIndex } of granted) {
        const name = nameOf(taskId, mapIndex);
        waiting.delete(name);
        const asked = asking.get(name);
        if (asked !== undefined) asked.isGranted = true;
      }
    });

  const pending: Pending[] = [];
  let isExchanging = false;
  /** What comes while one exchange is under way shares the next one. */
  const exchangeAll = async (): Promise<void> => {
    if (isExchanging) return;
    isExchanging = true;
    while (pending.length > 0) {
      const together = pending.splice(0, mostTogether);
      try {
        const answers = await inTurn(() => exchangeSlots(together.map((one) => one.exchange)));
        for (const [index, one] of together.entries()) one.done(answers[index] ?? { kind: 'granted' });
      } catch (error) {
        for (const one of together) one.fail(error);
      }
    }
    isExchanging = false;
  };
  // Not cancelled with whoever asks: what was asked for has to be given back.
  const exchange = (kind: SlotExchange['kind'], wish: SlotWish): Promise<SlotAnswer> =>
    CancellationScope.nonCancellable(
      () =>
        new Promise((done, fail) => {
          pending.push({ exchange: { kind, wish }, done, fail });
          void exchangeAll();
        }),
    );

  let isReminding = false;
  /** One for all that wait, so that the history grows by little however many they are and however long it takes. */
  const remind = async (): Promise<void> => {
    if (isReminding) return;
    isReminding = true;
    let pauseMs = firstReminderMs;
    while (waiting.size > 0) {
      if (await condition(() => waiting.size === 0, pauseMs)) {
        pauseMs = firstReminderMs;
        continue;
      }
      pauseMs = Math.min(longestReminderMs, pauseMs * 2);
      const asked = [...waiting];
      const answers = await Promise.all(asked.map(([, wish]) => exchange('ask', wish)));
      for (const [index, [name]] of asked.entries()) {
        if (answers[index]?.kind !== 'waiting') waiting.delete(name);
      }
    }
    isReminding = false;
  };
  const giveBack = async (pool: PoolUse, user: SlotUser): Promise<void> => {
    await exchange('give back', wishOf(pool, user));
  };

  return {
    inTurn,
    giveBack,
    async take(pool, user) {
      listen();
      const wish = wishOf(pool, user);
      const name = nameOf(user.taskId ?? null, user.mapIndex ?? -1);
      const asked = { isGranted: false };
      asking.set(name, asked);
      const answer = await exchange('ask', wish);
      asking.delete(name);
      if (answer.kind === 'failed') return answer;
      if (answer.kind === 'granted' || asked.isGranted) return { kind: 'taken' };
      waiting.set(name, wish);
      user.onWait?.(answer.why);
      void CancellationScope.nonCancellable(remind);
      try {
        await condition(() => !waiting.has(name));
        return { kind: 'taken' };
      } catch (error) {
        waiting.delete(name);
        await giveBack(pool, user);
        throw error;
      } finally {
        user.onWait?.(null);
      }
    },
  };
}

function wishOf(pool: PoolUse, { run: { dagId, runId, attempt }, taskId, mapIndex }: SlotUser): SlotWish {
  return {
    ...{ dagId, runId, attempt, pool, workflowId: workflowInfo().workflowId },
    ...(taskId === undefined ? {} : { taskId }),
    ...(mapIndex === undefined ? {} : { mapIndex }),
  };
}

function nameOf(taskId: TaskId | null, mapIndex: number): string {
  return `${taskId ?? ''}/${mapIndex}`;
}
