import { TidegateError } from '../core/errors.ts';
import { type ExitStatus, exitStatus, statusOfCode } from './exit-status.ts';

/** A command that ends with a status and one line that names the value and the remedy. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';

  constructor(
    readonly status: ExitStatus,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Input that must be changed before the command can do anything. */
export function invalid(message: string): CommandFailure {
  return new CommandFailure(exitStatus.invalid, message);
}

/** What a command ends with when this was thrown; anything unforeseen is a bug, and its stack is for `TIDEGATE_DEBUG` only. */
export function toFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof TidegateError) {
    return new CommandFailure(statusOfCode[error.code], error.message, { cause: error });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandFailure(exitStatus.failed, `unexpected: ${reason} (TIDEGATE_DEBUG=1 shows where)`, {
    cause: error,
  });
}

/** A message as one line, whatever a server or a library put into it. */
export function oneLine(message: string): string {
  return message
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .replaceAll(/\p{Cc}/gu, ' ');
}
