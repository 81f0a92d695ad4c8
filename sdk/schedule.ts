import type { Condition } from '../core/condition.ts';
import type { CronPlan } from '../core/run-plan.ts';
import { brand, isBranded } from './brand.ts';
import { type ConditionInput, toCondition } from './condition.ts';
import { cron, type CronSchedule, isCron } from './cron.ts';
import type { AnyLeaf } from './source.ts';

/** A time, as an expression with its zone or as {@link cron} made it. */
export type TimeInput = CronSchedule | { readonly cron: string; readonly timezone?: string };

/** A schedule by assets and, apart from them, by time. */
export interface AssetOrTimeSchedule {
  readonly [brand]: 'assetOrTime';
  readonly cron: CronPlan;
  readonly condition: Condition<AnyLeaf>;
  readonly consume: boolean;
}

/** A schedule by time that waits for assets. */
export interface AssetAndTimeSchedule {
  readonly [brand]: 'assetAndTime';
  readonly cron: CronPlan;
  readonly condition: Condition<AnyLeaf>;
}

/** What a DAG may be scheduled by. */
export type ScheduleInput = ConditionInput | CronSchedule | AssetOrTimeSchedule | AssetAndTimeSchedule | null;

/**
 * Runs at its times, and whenever its condition is met. Both go on by themselves: runs by time, and runs by hand, neither consume events
 * nor clear the queue, unless `consume` says so; then each takes all that is queued when it is let in.
 * @example
 * ```ts
 * import { asset, assetOrTime, dag } from 'tidegate';
 *
 * const schedule = assetOrTime({ cron: '0 6 * * *', timezone: 'Europe/Berlin' }, asset('s3://lake/orders'));
 *
 * export const report = dag('report', { schedule }, (d) => {
 *   d.task('write', async ({ run, log }) => log.info('started', { by: run.trigger }));
 * });
 * ```
 * @throws TidegateError `invalid_definition` when the time or the condition is not valid
 */
export function assetOrTime(
  time: TimeInput,
  condition: ConditionInput,
  { consume = false }: { /** @defaultValue false */ readonly consume?: boolean } = {},
): AssetOrTimeSchedule {
  return {
    [brand]: 'assetOrTime',
    cron: parseTime(time),
    condition: toCondition(condition),
    consume,
  };
}

/**
 * Runs once for each of its times, when its condition is met: at that time where all has arrived before, else as soon as it has. Such a run
 * takes all that is queued. Times that pass meanwhile become part of the run that waits, which lists them as `run.ticks`. Events alone start
 * nothing; runs by hand neither wait nor take what is queued.
 * @example
 * ```ts
 * import { asset, assetAndTime, dag } from 'tidegate';
 *
 * const [orders, rates] = [asset('s3://lake/orders'), asset('s3://lake/rates')];
 * const schedule = assetAndTime({ cron: '0 6 * * *', timezone: 'Europe/Berlin' }, orders.and(rates));
 *
 * export const report = dag('report', { schedule }, (d) => {
 *   d.task('write', async ({ run, log }) => log.info('started', { times: run.ticks.length }));
 * });
 * ```
 * @throws TidegateError `invalid_definition` when the time or the condition is not valid
 */
export function assetAndTime(time: TimeInput, condition: ConditionInput): AssetAndTimeSchedule {
  return { [brand]: 'assetAndTime', cron: parseTime(time), condition: toCondition(condition) };
}

/** What a schedule consists of. */
export interface ScheduleParts {
  readonly condition: Condition<AnyLeaf> | null;
  readonly cron: CronPlan | null;
  /** Whether runs by time and by hand consume what is queued. */
  readonly requestedRunsConsume: boolean;
  /** Whether runs by time wait for the condition; absent is no. */
  readonly ticksWait?: true;
}

/**
 * What an author wrote as a schedule, in its parts.
 * @throws TidegateError `invalid_definition` when it is none
 */
export function partsOfSchedule(schedule: ScheduleInput | undefined): ScheduleParts {
  if (schedule === undefined || schedule === null)
    return { condition: null, cron: null, requestedRunsConsume: false };
  if (isCron(schedule)) return { condition: null, cron: planOf(schedule), requestedRunsConsume: false };
  if (isAssetOrTime(schedule)) {
    return { condition: schedule.condition, cron: schedule.cron, requestedRunsConsume: schedule.consume };
  }
  if (isAssetAndTime(schedule)) {
    const { condition, cron: time } = schedule;
    return { condition, cron: time, requestedRunsConsume: false, ticksWait: true };
  }
  return { condition: toCondition(schedule), cron: null, requestedRunsConsume: false };
}

function isAssetOrTime(value: unknown): value is AssetOrTimeSchedule {
  return isBranded(value, 'assetOrTime');
}

function isAssetAndTime(value: unknown): value is AssetAndTimeSchedule {
  return isBranded(value, 'assetAndTime');
}

/** @throws TidegateError `invalid_definition` when it is none */
export function parseTime(time: TimeInput): CronPlan {
  return planOf(isCron(time) ? time : cron(time.cron, { timezone: time.timezone ?? 'UTC' }));
}

function planOf({ expression, timezone }: CronPlan): CronPlan {
  return { expression, timezone };
}
