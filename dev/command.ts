import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** How a command ended: `problem` is absent on success, else one line saying why; `output` is all it printed. */
export interface CommandOutcome {
  readonly output: string;
  readonly problem?: string;
}

/** Runs a command to its end or its time-out; it and what it started die with this process. */
export function runCommand(options: CommandOptions): Promise<CommandOutcome> {
  const { command, args, timeoutMs, cwd, env, uid, gid } = options;
  return new Promise((settle) => {
    // A group of its own, so that compilers and the like started by it end with it.
    const child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));

    let timedOut = false;
    const end = (): void => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, timeoutMs);
    process.once('exit', end);
    const finish = (problem?: string): void => {
      clearTimeout(timer);
      process.removeListener('exit', end);
      const output = Buffer.concat(chunks).toString();
      settle(problem === undefined ? { output } : { output, problem });
    };
    child.once('error', (error) => finish(error.message));
    child.once('close', (code, signal) => {
      if (timedOut) finish(`no result within ${Math.round(timeoutMs / 1000)} s`);
      else if (code === 0) finish();
      else finish(`${lastLine(chunks) ?? 'no output'} (exit ${code ?? signal})`);
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ended by itself in the meantime
  }
}

function lastLine(chunks: readonly Buffer[]): string | undefined {
  return Buffer.concat(chunks)
    .toString()
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => line !== '');
}
