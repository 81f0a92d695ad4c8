import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Child, Children } from './children.ts';
import type { DataFolder } from './data-folder.ts';
import { endLeftover } from './processes.ts';

export interface ProcessOptions {
  readonly name: 'api' | 'worker';
  readonly environment: NodeJS.ProcessEnv;
  readonly folder: DataFolder;
  readonly children: Children;
  /** Says whether it is up; asked again and again. */
  readonly isReady: (child: Child) => boolean | Promise<boolean>;
}

/** How the start of a process ended: it is up, or why it is not, in a few lines. */
export type Started =
  | { readonly kind: 'up'; readonly child: Child }
  | { readonly kind: 'failed'; readonly reason: string };

const root = fileURLToPath(new URL('..', import.meta.url));
const startWithinMs = 60_000;

/** Starts one of Tidegate's own processes and waits until it is up, after ending one that a killed parent left. */
export async function startProcess(options: ProcessOptions): Promise<Started> {
  const { name, environment, folder, children, isReady } = options;
  const entry = join(root, name, 'main.ts');
  const pidFile = join(folder.path, `${name}.pid`);
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (Number.isInteger(pid) && pid > 1) {
    await endLeftover({ pid, marks: [entry], signal: 'SIGTERM', graceMs: 5_000 });
  }
  await rm(pidFile, { force: true });

  const child = children.start({
    name,
    command: process.execPath,
    args: [join(root, 'cli', 'run.mjs'), entry],
    logFile: join(folder.logs, `${name}.log`),
    env: environment,
  });
  await writeFile(pidFile, `${child.pid}\n`);
  const deadline = Date.now() + startWithinMs;
  while (child.isRunning() && Date.now() < deadline) {
    if (await isReady(child)) {
      child.settle();
      return { kind: 'up', child };
    }
    await sleep(50);
  }
  const how = child.isRunning() ? `not ready within ${startWithinMs / 1_000} s` : await child.ended;
  await child.stop();
  return { kind: 'failed', reason: reasonIn(child.log(), how) };
}

/** What its last words are: a line in plain text says why it gave up; without one, the tail of its log. */
export function reasonIn(log: string, how: string): string {
  const lines = log
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '');
  const plain = lines.findLast((line) => !line.startsWith('{'));
  if (how === 'exit 2' && plain !== undefined) return plain;
  return [how, ...lines.slice(-10).map((line) => `  ${line}`)].join('\n');
}
