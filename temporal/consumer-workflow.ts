import { type SignalDefinition, type UpdateDefinition, WithStartWorkflowOperation } from '@temporalio/client';
import type { DagId } from '../core/ids.ts';
import { consumerWorkflowId, summary } from '../core/workflow-names.ts';
import type { consumerDag } from '../workflows/consumer-dag.ts';
import type { ConsumerDagInput } from '../workflows/messages.ts';
import type { Temporal } from './deps.ts';

/** Signals a consumer, and starts it where it is missing: the one way in which it comes into being. */
export async function signalConsumer<Args extends unknown[]>(
  { client, taskQueue }: Temporal,
  dagId: DagId,
  signal: SignalDefinition<Args>,
  args: Args,
): Promise<void> {
  await client.workflow.signalWithStart<typeof consumerDag, unknown[]>('consumerDag', {
    ...startOptions(dagId, taskQueue),
    signal: signal.name,
    signalArgs: args,
  });
}

/** Starts a consumer unless it runs. */
export async function ensureConsumer({ client, taskQueue }: Temporal, dagId: DagId): Promise<void> {
  await client.workflow.start<typeof consumerDag>('consumerDag', startOptions(dagId, taskQueue));
}

/** Updates a consumer, starting it where it is missing, and waits for its answer. */
export async function updateConsumer<Result, Args extends unknown[]>(
  { client, taskQueue }: Temporal,
  dagId: DagId,
  update: UpdateDefinition<Result, Args>,
  args: Args,
): Promise<Result> {
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof consumerDag>(
    'consumerDag',
    startOptions(dagId, taskQueue),
  );
  return client.workflow.executeUpdateWithStart<typeof consumerDag, Result, unknown[]>(update.name, {
    startWorkflowOperation,
    args,
  });
}

function startOptions(dagId: DagId, taskQueue: string) {
  return {
    taskQueue,
    workflowId: consumerWorkflowId(dagId),
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    args: [{ dagId }] as [ConsumerDagInput],
    staticSummary: summary(`gate of ${dagId}`),
  };
}
