import { sleep } from '@temporalio/workflow';
import { consumerDag as compatibleConsumerDag } from '../../../workflows/consumer-dag.ts';
import { dagRun as compatibleDagRun, type DagRunInput } from '../../../workflows/dag-run.ts';
import type { InstanceEnds } from '../../../core/task-shape.ts';
import { mappedTask as compatibleMappedTask, type MappedTaskInput } from '../../../workflows/mapped-task.ts';
import type { ConsumerDagInput } from '../../../workflows/messages.ts';
import { tick as compatibleTick, type TickInput } from '../../../workflows/tick.ts';

// What a careless change looks like: each workflow first waits a moment, which no recorded one did.

export async function consumerDag(input: ConsumerDagInput): Promise<void> {
  await sleep('1 second');
  return compatibleConsumerDag(input);
}

export async function dagRun(input: DagRunInput): Promise<void> {
  await sleep('1 second');
  return compatibleDagRun(input);
}

export async function mappedTask(input: MappedTaskInput): Promise<InstanceEnds> {
  await sleep('1 second');
  return compatibleMappedTask(input);
}

export async function tick(input: TickInput): Promise<void> {
  await sleep('1 second');
  return compatibleTick(input);
}
