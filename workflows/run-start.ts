import { WorkflowIdReusePolicy } from '@temporalio/common';
import { runWorkflowId, summary } from '../core/workflow-names.ts';
import type { DagRunInput } from './dag-run.ts';
import { searchAttributePairs } from './search-attributes.ts';

/** How the workflow of a run is started, by whoever starts it: once per attempt, and findable from its first moment. */
export function runStartOptions(input: DagRunInput) {
  const { dagId, runId, attempt, trigger, partitionKey, searchAttributes } = input;
  return {
    workflowId: runWorkflowId(dagId, runId, attempt),
    args: [input] as [DagRunInput],
    workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
    staticSummary: summary(`${dagId} ${runId}`),
    typedSearchAttributes: searchAttributePairs(searchAttributes, {
      TidegateDag: dagId,
      TidegateTrigger: trigger,
      TidegateState: 'running',
      ...(partitionKey === undefined ? {} : { TidegatePartition: partitionKey }),
    }),
  };
}
