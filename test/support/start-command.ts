import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A started `npm start`: what it printed so far, and how it ended. */
export interface StartCommand {
  readonly process: ChildProcess;
  readonly status: Promise<number | NodeJS.Signals | null>;
  output(): string;
  /** Resolves with the match once the output contains it; fails when the command ends before, or after a minute. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs `dev/main.ts` as `npm start` does, in a process of its own. */
export function runStart(environment: NodeJS.ProcessEnv, args: readonly string[] = []): StartCommand {
  const child = spawn(process.execPath, ['cli/run.mjs', 'dev/main.ts', ...args], {
    cwd: root,
    env: { ...process.env, ...environment },
    // The channel ends it with the test process, however that ends.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  for (const stream of streams) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const status = new Promise<number | NodeJS.Signals | null>((settle) => {
    child.once('close', (code, signal) => settle(code ?? signal));
  });
  return {
    process: child,
    status,
    output: () => output,
    prints: (pattern) =>
      new Promise((settle, fail) => {
        const late = setTimeout(() => fail(new Error(`did not print ${pattern}:\n${output}`)), 60_000);
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null) return;
          clearTimeout(late);
          settle(match);
        };
        for (const stream of streams) stream.on('data', look);
        child.once('close', () => {
          clearTimeout(late);
          fail(new Error(`ended without printing ${pattern}:\n${output}`));
        });
        look();
      }),
  };
}
