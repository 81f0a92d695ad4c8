import { spawn } from 'node:child_process';
import { join } from 'node:path';
import picocolors from 'picocolors';
import { runCommandLine } from '../../cli/command-line.ts';
import { repository } from '../support/temp-project.ts';

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

/** A build server asks for colours and has no terminal to show them on. */
const buildServer = { CI: 'true', FORCE_COLOR: '1' };

/** Runs `tidegate …` as a build server does: a process of its own, with these variables and no other that leads to a server. */
export function runCommand(args: readonly string[], { cwd, env }: CommandOptions = {}): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(
    ([variable]) => !/^(TIDEGATE|TEMPORAL|DATABASE)_/.test(variable),
  );
  const child = spawn(process.execPath, [join(repository, 'cli/tidegate.mjs'), ...args], {
    cwd: cwd ?? repository,
    env: { ...Object.fromEntries(inherited), ...buildServer, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((settle, fail) => {
    child.once('error', fail);
    child.once('close', (status) => settle({ status, stdout, stderr }));
  });
}

/** Runs a command that asks the API in this process, which takes a tenth of the time. */
export async function runHere(args: readonly string[], { cwd, env }: CommandOptions = {}): Promise<Ended> {
  let [stdout, stderr] = ['', ''];
  const status = await runCommandLine(args, {
    terminal: {
      write: (text) => void (stdout += text),
      note: (line) => void (stderr += `${line}\n`),
      colors: picocolors.createColors(false),
      width: undefined,
      now: Date.now,
    },
    environment: env ?? {},
    folder: cwd ?? '/',
    version: '1.2.3',
    addLocalCommands: () => undefined,
  });
  return { status, stdout, stderr };
}
