import type { TemplateValues } from '../core/template.ts';
import type { RunRow } from './run-tables.ts';

/** What a run's row says of its times. */
export type TimesRow = Pick<RunRow, 'logical_at' | 'data_interval_start_at' | 'data_interval_end_at'>;

/** The times of a run as templates are rendered with them; a run that is not known has none. */
export function timesOf(row: TimesRow | undefined): Omit<TemplateValues, 'params' | 'partitionKey'> {
  return {
    logicalAt: row?.logical_at?.getTime() ?? null,
    dataIntervalStartAt: row?.data_interval_start_at?.getTime() ?? null,
    dataIntervalEndAt: row?.data_interval_end_at?.getTime() ?? null,
  };
}
