import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { isPackedBatch } from '../core/batch.ts';
import type { TaskRetry } from '../core/callback.ts';
import type { Consumer } from '../core/consumer.ts';
import type { DagId, TaskId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import type { Slot } from '../core/slot.ts';

export interface ConsumerDagInput {
  readonly dagId: DagId;
}

/** Events for one consumer, or a definition that comes into force right behind them. */
export interface AssetEvents extends Message {
  readonly log: string;
  readonly epoch: number;
  /** Definition these events were judged by. */
  readonly version: number;
  /** Set when the message is a change of definition, which then is all it says. */
  readonly definition: number | null;
}

/** A task, and how it ended by hand. */
export interface MarkedTask {
  readonly taskId: TaskId;
  readonly state: 'success' | 'failed' | 'skipped';
}

/** What a paused or resumed consumer answers. */
export interface PauseResult {
  readonly isPaused: boolean;
}

export interface ClearQueueInput {
  /** Leaves to clear; `null` clears all. */
  readonly leaves: readonly string[] | null;
  /** Clears only what was recorded before this time; without it, or with `null`, however new it is. */
  readonly before?: number | null;
  readonly who: string;
}

export interface ClearQueueResult {
  /** Events that left the queue. */
  readonly cleared: number;
}

/** Which of a workflow's requests for slots of pools it is. */
export interface SlotOfTask {
  /** `null` where it is the run's as a whole. */
  readonly taskId: TaskId | null;
  /** Which instance of a mapped task; -1 of a task that is not mapped. */
  readonly mapIndex: number;
}

export const assetEventsSignal = defineSignal<[AssetEvents]>('assetEvents');
export const runRequestedSignal = defineSignal<[]>('runRequested');
export const runClosedSignal = defineSignal<[readonly Slot[]]>('runClosed');
/** A deadline came: its time, in epoch milliseconds. */
export const deadlineSignal = defineSignal<[number]>('deadline');
export const pauseUpdate = defineUpdate<PauseResult>('pause');
export const resumeUpdate = defineUpdate<PauseResult>('resume');
export const clearQueueUpdate = defineUpdate<ClearQueueResult, [ClearQueueInput]>('clearQueue');
/** A try of a task of a run failed, and there will be another. */
export const taskRetriedSignal = defineSignal<[TaskRetry]>('taskRetried');
/** Somebody said by hand how a task of a run ended that goes on. */
export const taskMarkedSignal = defineSignal<[MarkedTask]>('taskMarked');
/** Slots of pools that this workflow waited for are its own now. */
export const slotsGrantedSignal = defineSignal<[readonly SlotOfTask[]]>('slotsGranted');
export const gateQuery = defineQuery<Consumer | null>('gate');

/** Whether a signal's payload has the shape the gate relies on; senders of other versions may err. */
export function isAssetEvents(value: unknown): value is AssetEvents {
  if (typeof value !== 'object' || value === null) return false;
  const { log, epoch, version, after, upTo, batches, more, definition } = value as Record<string, unknown>;
  return (
    typeof log === 'string' &&
    [epoch, version, after, upTo].every((number) => Number.isSafeInteger(number)) &&
    Array.isArray(batches) &&
    batches.every(isPackedBatch) &&
    typeof more === 'boolean' &&
    (definition === null || Number.isSafeInteger(definition))
  );
}

/** Whether a signal's payload names attempts of runs. */
export function isSlots(value: unknown): value is readonly Slot[] {
  return Array.isArray(value) && value.every((slot) => typeof slot === 'string');
}

/** Whether a signal's payload names tasks that wait for slots. */
export function isSlotsOfTasks(value: unknown): value is readonly SlotOfTask[] {
  return (
    Array.isArray(value) &&
    value.every((slot: unknown) => {
      if (typeof slot !== 'object' || slot === null) return false;
      const { taskId, mapIndex } = slot as Record<string, unknown>;
      return (taskId === null || typeof taskId === 'string') && Number.isSafeInteger(mapIndex);
    })
  );
}

/** Whether an update's payload says what to clear; people send updates from Temporal's Web UI too. */
export function isClearQueueInput(value: unknown): value is ClearQueueInput {
  if (typeof value !== 'object' || value === null) return false;
  const { leaves, before = null, who } = value as Record<string, unknown>;
  const isLeaves =
    leaves === null || (Array.isArray(leaves) && leaves.every((leaf) => typeof leaf === 'string'));
  return isLeaves && (before === null || Number.isSafeInteger(before)) && typeof who === 'string';
}

/** Whether a signal's payload says how a task ended. */
export function isMarkedTask(value: unknown): value is MarkedTask {
  if (typeof value !== 'object' || value === null) return false;
  const { taskId, state } = value as Record<string, unknown>;
  return typeof taskId === 'string' && (state === 'success' || state === 'failed' || state === 'skipped');
}

/** Whether a signal's payload says which try failed. */
export function isTaskRetry(value: unknown): value is TaskRetry {
  if (typeof value !== 'object' || value === null) return false;
  const { taskId, mapIndex, try: number, error } = value as Record<string, unknown>;
  return (
    typeof taskId === 'string' &&
    typeof error === 'string' &&
    [mapIndex, number].every((one) => Number.isSafeInteger(one))
  );
}
