import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { choosePort } from '../../dev/ports.ts';
import { repository } from './temp-project.ts';

/** What Node is started with for each process of Tidegate. */
export const entryPoints = {
  api: ['cli/run.mjs', 'api/main.ts'],
  worker: ['cli/run.mjs', 'worker/main.ts'],
} as const;

/** A process of Tidegate. */
export interface TidegateProcess {
  readonly pid: number;
  /** Exit status, or the signal that ended it. */
  readonly status: Promise<number | NodeJS.Signals | null>;
  output(): string;
  errors(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves once it has written the text; fails when it ends before. */
  writes(text: string): Promise<void>;
}

/** Starts an entry point as in production, with these variables and no other that leads to a server. */
export function startProcess(name: keyof typeof entryPoints, variables: NodeJS.ProcessEnv): TidegateProcess {
  return startNode(entryPoints[name], { variables });
}

/** Starts Node in the same way, with any arguments; at the latest it ends with the tests. */
export function startNode(
  args: readonly string[],
  { variables = {}, cwd = repository }: { readonly variables?: NodeJS.ProcessEnv; readonly cwd?: string },
): TidegateProcess {
  const inherited = Object.entries(process.env).filter(
    ([variable]) => !/^(TIDEGATE|TEMPORAL|DATABASE)_/.test(variable),
  );
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const endWithTests = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithTests);
  let ended = false;
  const status = new Promise<number | NodeJS.Signals | null>((settle) => {
    child.once('close', (code, signal) => {
      ended = true;
      process.removeListener('exit', endWithTests);
      settle(code ?? signal);
    });
  });
  return {
    pid: child.pid ?? -1,
    status,
    output: () => output,
    errors: () => errors,
    kill: (signal) => void child.kill(signal),
    writes: async (text) => {
      while (!output.includes(text)) {
        if (ended) throw new Error(`${args.join(' ')} ended without writing ${text}:\n${output}${errors}`);
        await sleep(25);
      }
    },
  };
}

/** Starts an API on a free port; its address is usable when this returns. */
export async function startApiProcess(
  variables: NodeJS.ProcessEnv,
): Promise<{ readonly api: TidegateProcess; readonly url: string }> {
  const port = await choosePort({ kind: 'any' });
  const api = startProcess('api', { ...variables, TIDEGATE_API_PORT: String(port) });
  await api.writes('"listening"');
  return { api, url: `http://127.0.0.1:${port}` };
}
