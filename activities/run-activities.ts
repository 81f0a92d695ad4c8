import type { DagId } from '../core/ids.ts';
import type { KeptInstances } from '../core/kept-instances.ts';
import type { TaskEnd } from '../core/run-plan.ts';
import type { MappedOver, TaskShape } from '../core/task-shape.ts';
import { endWait } from '../store/task-ends.ts';
import type { TaskOfRun } from '../store/task-rows.ts';
import { readAttempt, type ReadAttempt } from '../store/read-attempt.ts';
import type { RunAttempt, RunClosing } from '../store/runs.ts';
import { closeRun } from '../temporal/close-run.ts';
import type { Deps } from '../temporal/deps.ts';
import { noteDeadline } from '../temporal/note-deadline.ts';
import { passTick } from '../temporal/request-run.ts';
import { expandTask } from './expand-task.ts';
import { failUnstarted, type UnstartedTask } from './fail-unstarted.ts';
import { exchangeSlots, type SlotAnswer, type SlotExchange } from './pool-slots.ts';
import type { TaskResult } from './run-task.ts';
import { beginWait } from './wait-task.ts';

/** A time of a Temporal Schedule. */
export interface Tick {
  readonly dagId: DagId;
  /** The time the schedule meant, not the time it came. */
  readonly nominalAt: number;
}

/** A mapped task that is to be expanded. */
export interface TaskToExpand extends TaskOfRun {
  readonly over: MappedOver;
}

/** How many instances it has, how long its lists are where there are several, and what it keeps of an attempt before; `failed` where it can have none, which then is written down. */
export type Expansion =
  | {
      readonly kind: 'instances';
      readonly count: number;
      readonly over?: MappedOver;
      readonly kept?: KeptInstances;
    }
  | { readonly kind: 'failed' };

/** A task that only waits. */
export interface TaskToWait extends TaskOfRun {
  readonly shape: Extract<TaskShape, { kind: 'wait' }>;
}

/** What `dagRun` and `tick` ask for. */
export interface RunActivities {
  closeRun(closing: RunClosing): Promise<void>;
  expandTask(task: TaskToExpand): Promise<Expansion>;
  /** @returns how long it waits from now, in milliseconds; its end where it has one, or nobody can know how long, which then is written down */
  beginWait(task: TaskToWait): Promise<number | TaskEnd>;
  endWait(task: TaskOfRun): Promise<void>;
  /** @returns how it ended where it had, which nobody was told of; nothing where it failed by this */
  failUnstarted(task: UnstartedTask): Promise<TaskResult | undefined>;
  readAttempt(run: RunAttempt): Promise<ReadAttempt>;
  exchangeSlots(exchanges: readonly SlotExchange[]): Promise<readonly SlotAnswer[]>;
  requestTick(tick: Tick): Promise<void>;
  noteDeadline(tick: Tick): Promise<void>;
}

export function createRunActivities(deps: Deps): RunActivities {
  return {
    closeRun: async (closing) => {
      await closeRun(deps, closing);
    },
    expandTask: (task) => expandTask(deps, task),
    beginWait: (task) => beginWait(deps, task),
    endWait: (task) => endWait(deps.db, task, null),
    failUnstarted: (task) => failUnstarted(deps, task),
    readAttempt: (run) => readAttempt(deps.db, run),
    exchangeSlots: (exchanges) => exchangeSlots(deps, exchanges),
    noteDeadline: ({ dagId, nominalAt }) => noteDeadline(deps, dagId, nominalAt),
    requestTick: ({ dagId, nominalAt }) => passTick(deps, dagId, nominalAt),
  };
}
