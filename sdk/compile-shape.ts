import { type Duration, parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { parseTaskId, type TaskId } from '../core/ids.ts';
import type { MappedOver, TaskShape } from '../core/task-shape.ts';
import { parseTolerated } from '../core/tolerated-failures.ts';
import type { AuthoredOver } from './mapped-over.ts';
import type { TaskDefinition } from './task.ts';

const defaultEvery: Duration = '30s';
const shortestEveryMs = 1_000;
const longestEveryMs = 86_400_000;

/**
 * What is special about a task, as it is deployed; nothing of most.
 * @param next - tasks right behind it
 * @throws TidegateError `invalid_definition` when it waits for no time, asks too often, or is a branch that nothing needs
 */
export function compileShape(
  { shape }: TaskDefinition,
  next: readonly TaskId[],
): { readonly shape?: TaskShape } {
  if (shape === undefined) return {};
  switch (shape.kind) {
    case 'mapped':
      return { shape: compileMapped(shape.over, shape.toleratedFailures) };
    case 'callback':
      return {};
    case 'branch':
      if (next.length === 0) throw refused('nothing needs it: a branch chooses among the tasks that need it');
      return { shape: { kind: 'branch', targets: next } };
    case 'wait':
      return {
        shape:
          'for' in shape.wait
            ? { kind: 'wait', ms: parseDuration(shape.wait.for) }
            : { kind: 'wait', until: parseTaskId(shape.wait.until.id) },
      };
    case 'poke': {
      const { every = defaultEvery, giveUpAfter, onTimeout = 'fail' } = shape;
      const timeoutMs = giveUpAfter === undefined ? null : parseDuration(giveUpAfter);
      return { shape: { kind: 'poke', everyMs: parseEvery(every), timeoutMs, onTimeout } };
    }
    default:
      return { shape };
  }
}

function compileMapped(over: AuthoredOver, toleratedFailures: unknown): TaskShape {
  const tolerated = toleratedFailures === undefined ? undefined : parseTolerated(toleratedFailures);
  return { kind: 'mapped', over: compileOver(over), ...(tolerated && { tolerated }) };
}

function compileOver(over: AuthoredOver): MappedOver {
  if (!('sources' in over)) return parseTaskId(over.id);
  const sources = over.sources.map(({ name, task }) => ({ name, task: parseTaskId(task.id) }));
  return { by: over.by, sources };
}

function parseEvery(every: Duration): number {
  const ms = parseDuration(every);
  if (ms >= shortestEveryMs && ms <= longestEveryMs) return ms;
  throw refused(`every ${JSON.stringify(every)} is not valid: use '1s' to '1 day'`);
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
