import { TidegateError, unreachable } from '../core/errors.ts';
import type { TaskId } from '../core/ids.ts';
import { type Choice, choiceOf, type TaskShape } from '../core/task-shape.ts';
import { didYouMean } from '../core/did-you-mean.ts';

/** What came of a task's code, given what the task is. */
export type TaskOutcome =
  | { readonly kind: 'done'; readonly result: unknown; readonly choice?: Choice }
  /** A condition that is to be asked again. */
  | { readonly kind: 'not yet'; readonly pauseMs: number };

/** @throws TidegateError `invalid_input` when a branch names what does not need it */
export function outcomeOf(shape: TaskShape | undefined, returned: unknown): TaskOutcome {
  switch (shape?.kind) {
    case 'branch': {
      const followed = idsOf(returned).map((id) => targetOf(shape.targets, id));
      return { kind: 'done', result: followed, choice: { kind: 'follow', tasks: followed } };
    }
    case 'short_circuit': {
      const result = Boolean(returned);
      return { kind: 'done', result, ...choiceOf(shape, result) };
    }
    case 'poke': {
      const isThere = returned !== undefined && returned !== null && returned !== false;
      return isThere ? { kind: 'done', result: returned } : { kind: 'not yet', pauseMs: shape.everyMs };
    }
    case 'mapped':
    case 'wait':
    case undefined:
      return { kind: 'done', result: returned };
    default:
      return unreachable(shape);
  }
}

/** Ids in what a branch returned: one or several. */
function idsOf(returned: unknown): readonly string[] {
  const several: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  return several.map((one) => {
    if (typeof one === 'string') return one;
    throw new TidegateError(
      'invalid_input',
      `a branch returned ${one === undefined ? 'nothing' : JSON.stringify(one)}: return the id of a task that needs it, a list of them, or [] for none`,
    );
  });
}

function targetOf(targets: readonly TaskId[], id: string): TaskId {
  const target = targets.find((one) => one === id);
  if (target !== undefined) return target;
  throw new TidegateError(
    'invalid_input',
    `a branch returned '${id}', which does not need it: ${didYouMean(id, targets)}`,
  );
}
