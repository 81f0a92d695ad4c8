import { WorkflowNotFoundError } from '@temporalio/client';
import { TidegateError } from '../core/errors.ts';

/** Does what takes Temporal. @throws TidegateError `temporal_unreachable` when it, or every worker, is away */
export async function reach<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || error instanceof TidegateError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TidegateError(
      'temporal_unreachable',
      `Temporal did not take this in time: ${reason}. Check that Temporal and a worker are running, and try again`,
      { cause: error },
    );
  }
}
