import {
  condition,
  continueAsNew,
  defineSignal,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RawActivities } from './activities.ts';

// What one writes with Temporal alone: the same hops, without any promise about the events.

const goSignal = defineSignal('go');
const { touch } = proxyActivities<RawActivities>({ startToCloseTimeout: '1 minute' });

export interface RawInput {
  /** What its activities mark. */
  readonly name: string;
}

/** Starts a child for each signal. */
export async function rawParent({ name }: RawInput): Promise<void> {
  let waiting = 0;
  setHandler(goSignal, () => void (waiting += 1));
  const starting: Promise<unknown>[] = [];
  while (waiting > 0 || !workflowInfo().continueAsNewSuggested) {
    await condition(() => waiting > 0);
    waiting -= 1;
    const options = { args: [{ name }] as [RawInput], parentClosePolicy: ParentClosePolicy.ABANDON };
    starting.push(startChild(rawChild, options));
  }
  await Promise.all(starting);
  await continueAsNew<typeof rawParent>({ name });
}

/** Runs so many children, at most `concurrency` at a time. */
export async function rawRuns({
  name,
  count,
  concurrency,
}: RawInput & { readonly count: number; readonly concurrency: number }): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await executeChild(rawChild, { args: [{ name }] });
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, lane));
}

/** So many activities in one workflow, at most 500 at a time. */
export async function rawMapped({ name, count }: RawInput & { readonly count: number }): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await touch(name);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, 500) }, lane));
}

export async function rawChild({ name }: RawInput): Promise<void> {
  await touch(name);
}
