import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** Ends it early; the reason becomes the problem. */
  readonly signal?: AbortSignal;
}

/** How a command ended: `problem` is absent on success, else one line saying why; `output` is all it printed. */
export interface CommandOutcome {
  readonly output: string;
  readonly problem?: string;
}

/** Runs a command to its end or its time-out; it and what it started die with this process. */
export function runCommand(options: CommandOptions): Promise<CommandOutcome> {
  const { command, args, timeoutMs, cwd, env, uid, gid, signal } = options;
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

    let cutShort: string | undefined;
    const end = (): void => killGroup(child.pid);
    const cut = (why: string): void => {
      cutShort ??= why;
      end();
    };
    const timer = setTimeout(() => cut(`no result within ${Math.round(timeoutMs / 1000)} s`), timeoutMs);
    signal?.addEventListener('abort', () => cut(String(signal.reason)));
    process.once('exit', end);
    const finish = (problem?: string): void => {
      clearTimeout(timer);
      process.removeListener('exit', end);
      const output = Buffer.concat(chunks).toString();
      settle(problem === undefined ? { output } : { output, problem });
    };
    child.once('error', (error) => finish(error.message));
    child.once('close', (code, endSignal) => {
      if (cutShort !== undefined) finish(cutShort);
      else if (code === 0) finish();
      else finish(`${lastLine(chunks) ?? 'no output'} (exit ${code ?? endSignal})`);
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
