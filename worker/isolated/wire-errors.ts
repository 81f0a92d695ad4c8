import { type ErrorCode, TidegateError, unreachable } from '../../core/errors.ts';
import { NonRetryable, RetryAfter, TaskSkipped } from '../../sdk/index.ts';
import { forbidsRetry, pauseAskedBy } from '../../sdk/retry-errors.ts';
import { isTaskSkipped } from '../../sdk/task-skipped.ts';

/** An error on its way between processes, with what decides what becomes of a try. */
export type WireError = {
  readonly message: string;
  readonly stack: string | undefined;
} & (
  | { readonly kind: 'skipped' | 'final' }
  | { readonly kind: 'tidegate'; readonly code: ErrorCode }
  | { readonly kind: 'later'; readonly pauseMs: number }
  | { readonly kind: 'other'; readonly names: readonly string[] }
);

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error))
    return { kind: 'other', message: String(error), stack: undefined, names: ['Error'] };
  const said = { message: error.message, stack: error.stack };
  if (isTaskSkipped(error)) return { ...said, kind: 'skipped' };
  if (forbidsRetry(error)) return { ...said, kind: 'final' };
  if (error instanceof TidegateError) return { ...said, kind: 'tidegate', code: error.code };
  const pauseMs = pauseAskedBy(error);
  if (pauseMs !== undefined) return { ...said, kind: 'later', pauseMs };
  return { ...said, kind: 'other', names: namesOf(error) };
}

export function fromWire(wire: WireError): Error {
  const error = made(wire);
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

function made(wire: WireError): Error {
  const { message } = wire;
  switch (wire.kind) {
    case 'skipped':
      return new TaskSkipped(message);
    case 'final':
      return new NonRetryable(message);
    case 'tidegate':
      return new TidegateError(wire.code, message);
    case 'later':
      return new RetryAfter(wire.pauseMs, message);
    case 'other':
      return named(wire.names, message);
    default:
      return unreachable(wire);
  }
}

/** What an error is called: by itself, then by its classes from the innermost on. */
function namesOf(error: Error): readonly string[] {
  const names = [error.name];
  for (let kind: unknown = error.constructor; typeof kind === 'function'; kind = Object.getPrototypeOf(kind))
    if (kind.name !== '') names.push(kind.name);
  return [...new Set(names)];
}

type ErrorClass = new (message: string) => Error;

/** An error of classes with these names, which retries may be told by. */
function named([name = 'Error', ...classes]: readonly string[], message: string): Error {
  const own = classes.filter((of) => of !== 'Error' && of !== 'Object').toReversed();
  const Kind = own.reduce<ErrorClass>((Base, of) => {
    const Made: ErrorClass = class extends Base {};
    return Object.defineProperty(Made, 'name', { value: of });
  }, Error);
  return Object.assign(new Kind(message), { name });
}
