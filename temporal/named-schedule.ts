import { ScheduleNotFoundError, type ScheduleOptions, type ScheduleUpdateOptions } from '@temporalio/client';
import type { Temporal } from './deps.ts';

type Client = Temporal['client'];
/** What a Temporal Schedule is to do, and when. */
type Wanted = Omit<ScheduleOptions & ScheduleUpdateOptions, 'scheduleId' | 'state'>;

/** Makes a Temporal Schedule, or gives the one there is what is wanted; of its state only what is named changes. */
export async function putSchedule(
  { schedule }: Client,
  scheduleId: string,
  wanted: Wanted,
  state: { readonly paused?: boolean } = {},
): Promise<void> {
  try {
    await schedule
      .getHandle(scheduleId)
      .update((previous) => ({ ...wanted, state: { ...previous.state, ...state } }));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    await schedule.create({ ...wanted, scheduleId, state });
  }
}

/** Deletes a Temporal Schedule, if there is one. */
export async function deleteSchedule({ schedule }: Client, scheduleId: string): Promise<void> {
  await unlessMissing(() => schedule.getHandle(scheduleId).delete());
}

export async function isScheduled({ schedule }: Client, scheduleId: string): Promise<boolean> {
  return (await unlessMissing(() => schedule.getHandle(scheduleId).describe())) !== undefined;
}

async function unlessMissing<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}
