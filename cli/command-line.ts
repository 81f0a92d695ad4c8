import { CommanderError } from 'commander';
import { type CommandFailure, oneLine, toFailure } from './command-failure.ts';
import { type ExitStatus, exitStatus } from './exit-status.ts';
import { createProgram, type ProgramOptions } from './program.ts';
import { usageFailure } from './usage-failure.ts';

/** Runs one command to its end, and says in one line what it failed with. @returns the exit status */
export async function runCommandLine(argv: readonly string[], options: ProgramOptions): Promise<ExitStatus> {
  const failure = await failureOf(argv, options);
  if (failure === undefined) return exitStatus.ok;
  const { terminal, environment } = options;
  terminal.note(`tidegate: ${oneLine(failure.message)}`);
  if (environment['TIDEGATE_DEBUG'] === '1') terminal.note(stackOf(failure));
  return failure.status;
}

async function failureOf(
  argv: readonly string[],
  options: ProgramOptions,
): Promise<CommandFailure | undefined> {
  try {
    await createProgram(options).parseAsync([...argv], { from: 'user' });
    return undefined;
  } catch (error) {
    return error instanceof CommanderError ? usageFailure(error, argv) : toFailure(error);
  }
}

function stackOf({ stack, cause }: CommandFailure): string {
  return (cause instanceof Error ? cause.stack : stack) ?? 'no stack';
}
