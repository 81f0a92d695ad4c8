const skipped = Symbol.for('tidegate.skipped');

/** Thrown by `skip`: ends the task as skipped, without retries and without asset events. */
export class TaskSkipped extends Error {
  override readonly name = 'TaskSkipped';
  readonly [skipped] = true;
}

/** Whether a task was left by `skip`, also where its project has loaded the sdk a second time. */
export function isTaskSkipped(error: unknown): error is TaskSkipped {
  return error instanceof Error && skipped in error;
}
