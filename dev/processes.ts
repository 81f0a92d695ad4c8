import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Command line of a running process; undefined when there is none, or only its zombie. */
export function commandOf(pid: number): string | undefined {
  const text = process.platform === 'linux' ? readProc(pid) : askPs(pid);
  return text === '' ? undefined : text;
}

function readProc(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function askPs(pid: number): string {
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}

/** What became of a process that an earlier start may have left: there was none, the pid is another's now, or it was ended. */
export type Leftover = 'none' | 'foreign' | 'ended';

export interface LeftoverOptions {
  readonly pid: number;
  /** Texts its command line must contain before it counts as ours: a pid alone may have been given out again. */
  readonly marks: readonly string[];
  readonly signal: NodeJS.Signals;
  readonly graceMs: number;
}

/** Ends a process of ours that outlived its parent; SIGKILL when it does not go within its grace. */
export async function endLeftover({ pid, marks, signal, graceMs }: LeftoverOptions): Promise<Leftover> {
  const isOurs = (command: string): boolean => marks.every((mark) => command.includes(mark));
  const command = commandOf(pid);
  if (command === undefined) return 'none';
  if (!isOurs(command)) return 'foreign';

  for (const [next, waitMs] of [
    [signal, graceMs],
    ['SIGKILL', 2_000],
  ] as const) {
    if (!sendSignal(pid, next)) break;
    const deadline = Date.now() + waitMs;
    while (Date.now() < deadline && commandOf(pid) !== undefined) await sleep(20);
    if (commandOf(pid) === undefined) break;
  }
  return 'ended';
}

/** Sends a signal; false when the process is gone. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Full path of a program on PATH; undefined when it is not there. */
export function findOnPath(program: string, path = process.env['PATH'] ?? ''): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

/** Whether the path is a file this user may run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
