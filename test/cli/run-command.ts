import { join } from 'node:path';
import picocolors from 'picocolors';
import { runCommandLine } from '../../cli/command-line.ts';
import type { ProgramOptions } from '../../cli/program.ts';
import { startNode } from '../support/processes.ts';
import { repository } from '../support/temp-project.ts';

/** The `tidegate` command, for Node. */
export const tidegate = join(repository, 'cli/tidegate.mjs');

/** How a command ended and what it said. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface CommandHereOptions extends CommandOptions {
  /** Standard input, piece by piece. */
  readonly input?: AsyncIterable<Uint8Array>;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** A build server asks for colours and has no terminal to show them on. */
const buildServer = { CI: 'true', FORCE_COLOR: '1' };

/** Runs `tidegate …` as a build server does: a process of its own, with these variables and no other that leads to a server. */
export async function runCommand(args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const { cwd = repository, env } = options;
  const command = startNode([tidegate, ...args], { cwd, variables: { ...buildServer, ...env } });
  const status = await command.status;
  return {
    status: typeof status === 'number' ? status : null,
    stdout: command.output(),
    stderr: command.errors(),
  };
}

/** Runs a command that asks the API in this process, which takes a tenth of the time. */
export async function runHere(
  args: readonly string[],
  { cwd, env, input = nothing() }: CommandHereOptions = {},
): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  const options = hereOptions();
  const status = await runCommandLine(args, {
    ...options,
    terminal: {
      ...options.terminal,
      write: (text) => void (stdout += text),
      note: (line) => void (stderr += `${line}\n`),
      input,
    },
    environment: env ?? {},
    folder: cwd ?? '/',
  });
  return { status, stdout, stderr };
}

/** What commands run with in this process; nobody hears what they say. */
export function hereOptions(): ProgramOptions {
  return {
    terminal: {
      write: () => undefined,
      note: () => undefined,
      drained: async () => undefined,
      input: nothing(),
      colors: picocolors.createColors(false),
      width: undefined,
      now: Date.now,
    },
    environment: {},
    folder: '/',
    version: '1.2.3',
    addLocalCommands: () => undefined,
  };
}
