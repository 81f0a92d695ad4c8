import type { TemplateValues } from '../core/template.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import type { BegunRun } from '../store/task-runs.ts';
import { parseParams } from './task-code.ts';

/** What templates are rendered with in one run. */
export function templateValues(
  code: TaskDefinition,
  run: BegunRun,
  partitionKey: string | undefined,
): TemplateValues {
  return {
    logicalAt: run.logical_at?.getTime() ?? null,
    dataIntervalStartAt: run.data_interval_start_at?.getTime() ?? null,
    dataIntervalEndAt: run.data_interval_end_at?.getTime() ?? null,
    partitionKey: partitionKey ?? run.partition_key,
    params: { ...parseParams(code, run.conf) },
  };
}
