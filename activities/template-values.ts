import type { TemplateValues } from '../core/template.ts';
import type { TaskDefinition } from '../sdk/task.ts';
import { timesOf } from '../store/run-times.ts';
import type { BegunRun } from '../store/next-tries.ts';
import { parseParams } from './task-code.ts';

/** What templates are rendered with in one run. */
export function templateValues(
  code: TaskDefinition,
  run: BegunRun,
  partitionKey: string | undefined,
): TemplateValues {
  return {
    ...timesOf(run),
    partitionKey: partitionKey ?? run.partition_key,
    params: { ...parseParams(code, run.conf) },
  };
}
