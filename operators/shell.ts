import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { type Duration, parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { type Json, shown } from '../core/json.ts';
import type { JsonObject, TaskContext } from '../sdk/index.ts';
import { type CommandOutput, readOutput } from './command-output.ts';
import { type Given, type GivenFields, resolve } from './given.ts';
import { type Exit, type ProcessGroup, startGroup } from './process-group.ts';
import { checkedResult, parsedJson, type ResultOf } from './result.ts';

/** How a program is run; each may be a function of the task's context. */
export interface CommandOptions {
  /** Its environment variables. @defaultValue `PATH` and `HOME` of the worker, which are there beside those that are given */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder it runs in. @defaultValue that of the worker */
  readonly cwd?: string;
  /** What it reads. @defaultValue nothing */
  readonly stdin?: string;
  /** Whether the program is a script for `/bin/sh`, which gets the arguments as `$1`, `$2` and so on. @defaultValue false */
  readonly shell?: boolean;
  /** Exit statuses that mean success. @defaultValue `[0]` */
  readonly okExitCodes?: readonly number[];
  /** Exit status that skips the task; `null` for none. @defaultValue 99 */
  readonly skipExitCode?: number | null;
  /** How long after it was told to end it is killed. @defaultValue `'5s'` */
  readonly grace?: Duration;
}

/** What of a program's stdout is the task's result. */
export type CommandResult = 'lastLine' | 'json' | 'none';

/** What a task of a program returns. */
export type ShellResult<Kind, Schema extends z.ZodType | undefined> = ResultOf<
  Schema,
  Kind extends 'json' ? Json : Kind extends 'none' ? null : string
>;

type Options<Params extends object, Needs extends object, Kind, Schema> = GivenFields<
  CommandOptions,
  Params,
  Needs
> & {
  /** The last line that is not blank, all of it as JSON, or nothing. @defaultValue `'lastLine'` */
  readonly result?: Kind;
  /** Checks and types the result. */
  readonly schema?: Schema;
};

/** A program ended as it should not have. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

const defaultGrace: Duration = '5s';
/** How long output is waited for that comes through other processes than the program's own. */
const lingerMs = 1_000;

/**
 * Makes a task of a program. Its output goes to the task's log line by line while it runs; an exit status that is not expected fails the try with the
 * end of stderr. When the task is cancelled or out of time, or the worker dies, it is ended with all that it has started.
 * @throws TidegateError `invalid_input` when the task runs and an option cannot be used
 */
export function shell<
  Params extends object = JsonObject,
  Needs extends object = object,
  const Kind extends CommandResult = 'lastLine',
  Schema extends z.ZodType | undefined = undefined,
>(
  program: Given<string, Params, Needs>,
  args: Given<readonly string[], Params, Needs> = [],
  options: Options<Params, Needs, Kind, Schema> = {},
): (context: TaskContext<Params, Needs>) => Promise<ShellResult<Kind, Schema>> {
  const { result = 'lastLine', schema } = options;
  return async (context) => {
    const command = await commandOf(context, program, args, options);
    context.signal.throwIfAborted();
    const group = startGroup(command);
    const outcome = await outcomeOf(context, group, command, result === 'json');
    return checkedResult(schema, valueOf(outcome, result), `the output of ${command.title}`);
  };
}

function valueOf(output: CommandOutput, kind: CommandResult): Json {
  if (kind === 'none') return null;
  return kind === 'json' ? parsedJson(output.text(), 'its output') : output.lastLine();
}

type Command = Awaited<ReturnType<typeof commandOf>>;

async function commandOf<Params extends object, Needs extends object>(
  context: TaskContext<Params, Needs>,
  givenProgram: Given<string, Params, Needs>,
  givenArgs: Given<readonly string[], Params, Needs>,
  options: GivenFields<CommandOptions, Params, Needs>,
) {
  const text = requireText('program', await resolve(givenProgram, context));
  const given = await resolve(givenArgs, context);
  if (!Array.isArray(given)) throw invalid('args', given, 'use a list of texts');
  const args = given.map((arg, index) => requireText(`argument ${index + 1}`, arg));
  const isScript = (await resolve(options.shell, context)) ?? false;
  const cwd = await resolve(options.cwd, context);
  if (cwd !== undefined && !(await isFolder(cwd)))
    throw invalid('cwd', cwd, 'use a folder that is there on the worker');
  const skipExitCode = await resolve(options.skipExitCode, context);
  return {
    program: isScript ? '/bin/sh' : text,
    args: isScript ? ['-c', text, 'sh', ...args] : args,
    // Arguments and scripts may hold what nobody is to read.
    title: isScript ? 'the script' : text,
    env: { ...ownEnvironment(), ...environment(await resolve(options.env, context)) },
    cwd,
    stdin: await resolve(options.stdin, context),
    okExitCodes: (await resolve(options.okExitCodes, context)) ?? [0],
    skipExitCode: skipExitCode === undefined ? 99 : skipExitCode,
    graceMs: parseDuration((await resolve(options.grace, context)) ?? defaultGrace),
    stdio: ['pipe', 'pipe', 'pipe'] as const,
  };
}

/** Waits until the program has ended as it should. @throws CommandFailed, TaskSkipped, or the reason of the signal */
async function outcomeOf(
  { signal, log, skip }: Pick<TaskContext, 'signal' | 'log' | 'skip'>,
  group: ProcessGroup,
  command: Command,
  isKept: boolean,
): Promise<CommandOutput> {
  const { stdin, stdout, stderr } = group.leader;
  if (stdin === null || stdout === null || stderr === null) throw new Error('a program without its pipes');
  const output = readOutput(stdout, stderr, { log, isKept });
  const end = (): void => void group.end(command.graceMs);
  signal.addEventListener('abort', end, { once: true });
  // A program need not read what it is given.
  stdin.on('error', () => undefined);
  stdin.end(command.stdin);
  let exit: Exit;
  try {
    exit = await group.exited;
    await Promise.race([output.ended, delay(lingerMs)]);
  } finally {
    signal.removeEventListener('abort', end);
    // What it left in the background is over, too.
    await group.end(command.graceMs);
    await Promise.race([output.ended, delay(lingerMs)]);
    output.close();
  }
  signal.throwIfAborted();
  if (exit.status !== null && exit.status === command.skipExitCode)
    return skip(`${command.title} ended with exit status ${exit.status}`);
  if (exit.status !== null && command.okExitCodes.includes(exit.status)) return output;
  const how = exit.status === null ? `was ended by ${exit.signal}` : `ended with exit status ${exit.status}`;
  const tail = output.tail();
  throw new CommandFailed(`${command.title} ${how}${tail === '' ? '' : `: ${tail}`}`);
}

/** What nearly every program needs; nothing else of the worker's environment, which holds its secrets. */
function ownEnvironment(): Readonly<Record<string, string>> {
  const { PATH, HOME } = process.env;
  return { ...(PATH === undefined ? {} : { PATH }), ...(HOME === undefined ? {} : { HOME }) };
}

function environment(env: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(env)) {
    // By its name only: the value may be a secret.
    if (typeof value !== 'string' || /[=\0]/.test(name) || value.includes('\0'))
      throw new TidegateError(
        'invalid_input',
        `env ${shown(name)} is not valid: use a text without NUL characters; its name may have no '='`,
      );
  }
  return env;
}

function requireText(what: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value;
  if (value === '' && what !== 'program') return '';
  throw invalid(what, value, 'use a text without NUL characters');
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function invalid(what: string, value: unknown, remedy: string): TidegateError {
  return new TidegateError('invalid_input', `${what} ${shown(value)} is not valid: ${remedy}`);
}
