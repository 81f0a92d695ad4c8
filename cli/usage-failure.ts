import type { CommanderError } from 'commander';
import { CommandFailure } from './command-failure.ts';
import { exitStatus } from './exit-status.ts';

/** Ways in which the parser says that it has printed what was asked for. */
const asked: readonly string[] = ['commander.helpDisplayed', 'commander.version'];
/** A group without a command: the parser has printed its help instead of a message. */
const helpInstead = 'commander.help';

/** What the parser of the command line ends with, as a failure; `undefined` when nothing is wrong. */
export function usageFailure(
  { code, message }: CommanderError,
  argv: readonly string[],
): CommandFailure | undefined {
  if (asked.includes(code)) return undefined;
  if (code === helpInstead) {
    // `tidegate help …` ends in the same way.
    const wasAsked = argv.includes('help');
    return wasAsked ? undefined : new CommandFailure(exitStatus.invalid, 'a command is expected: see above');
  }
  const [problem = '', hint] = message.replace(/^error: /, '').split('\n');
  const [, nearest] = /^\(Did you mean (.+)\?\)$/.exec(hint ?? '') ?? [];
  const remedy = nearest === undefined ? 'see --help' : `did you mean '${nearest}'?`;
  return new CommandFailure(exitStatus.invalid, `${problem.replace(/\.$/, '')}: ${remedy}`);
}
