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

/** What a DAG may be scheduled by. */
export type ScheduleInput = ConditionInput | CronSchedule | AssetOrTimeSchedule | null;

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
    cron: planOf(isCron(time) ? time : cron(time.cron, { timezone: time.timezone ?? 'UTC' })),
    condition: toCondition(condition),
    consume,
  };
}

/** What a schedule consists of. */
export interface ScheduleParts {
  readonly condition: Condition<AnyLeaf> | null;
  readonly cron: CronPlan | null;
  /** Whether runs by time and by hand consume what is queued. */
  readonly requestedRunsConsume: boolean;
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
  return { condition: toCondition(schedule), cron: null, requestedRunsConsume: false };
}

function isAssetOrTime(value: unknown): value is AssetOrTimeSchedule {
  return isBranded(value, 'assetOrTime');
}

function planOf({ expression, timezone }: CronPlan): CronPlan {
  return { expression, timezone };
}
