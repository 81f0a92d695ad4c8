import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** A program to run in a group of its own. */
export interface GroupOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string | undefined;
  /** Its standard streams, and further ones from file descriptor 3 on. */
  readonly stdio: readonly ('pipe' | 'ignore' | 'inherit')[];
  /** How long after SIGTERM it is killed where this process has died. */
  readonly graceMs: number;
}

/** How the leader of a group ended: by itself with a status, or by a signal. */
export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program that runs, with all that it started and that did not leave its process group. */
export interface ProcessGroup {
  readonly leader: ChildProcess;
  readonly pid: number;
  /** Rejects when it could not be started. */
  readonly exited: Promise<Exit>;
  /** Asks every process of it to end, kills those that have not after the grace, and resolves when they are gone. */
  end(graceMs: number): Promise<void>;
}

const shell = '/bin/sh';
const lookEveryMs = 25;
/** How long the kernel may take over a kill. */
const killedWithinMs = 2_000;

/**
 * Starts a program as the leader of a process group. However this process dies, the group is told to end and then killed: a second, tiny process
 * waits for the end of this one at a pipe. The program begins only when that one is there, so there is no moment at which it could be left behind.
 * What takes a session of its own (`setsid`) has left the group, and is not ended with it.
 */
export function startGroup({ program, args, env, cwd, stdio, graceMs }: GroupOptions): ProcessGroup {
  const go = stdio.length;
  const held = `read -r _ <&${go} || exit 125; exec "$@" ${go}<&-`;
  const streams: StdioOptions = [...stdio, 'pipe'];
  const leader = spawn(shell, ['-c', held, program, program, ...args], {
    ...{ detached: true, stdio: streams, env: { ...env } },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const exited = exitOf(leader);
  const { pid } = leader;
  if (pid === undefined) return { leader, pid: -1, exited, end: async () => undefined };
  const release = watchOver(pid, graceMs);
  const gate = leader.stdio[go];
  // A group that was killed before it began closes its end first.
  gate?.on('error', () => undefined);
  if (gate !== null && gate !== undefined && 'write' in gate) gate.end('\n');
  let ending: Promise<void> | undefined;
  return {
    leader,
    pid,
    exited,
    end(grace) {
      ending ??= endGroup(pid, grace).finally(release);
      return ending;
    },
  };
}

/** Ends the group when this process is gone. @returns what sends the watcher away */
function watchOver(group: number, graceMs: number): () => void {
  const script = 'read -r _ && exit; kill -TERM "-$1"; sleep "$2"; kill -KILL "-$1"';
  const watcher = spawn(shell, ['-c', script, 'tidegate-watch', String(group), String(graceMs / 1_000)], {
    ...{ detached: true, stdio: ['pipe', 'ignore', 'ignore'] },
    env: { PATH: process.env['PATH'] },
  });
  watcher.on('error', () => undefined);
  watcher.stdin?.on('error', () => undefined);
  return () => void watcher.stdin?.end('\n');
}

async function endGroup(group: number, graceMs: number): Promise<void> {
  if (!signal(group, 'SIGTERM') || (await isGone(group, graceMs))) return;
  signal(group, 'SIGKILL');
  await isGone(group, killedWithinMs);
}

async function isGone(group: number, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (signal(group, 0)) {
    if (performance.now() > until) return false;
    await delay(lookEveryMs);
  }
  return true;
}

/** Whether there was anyone to take it. */
function signal(group: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, name);
  } catch {
    return false;
  }
}

function exitOf(leader: ChildProcess): Promise<Exit> {
  const exited = new Promise<Exit>((settle, reject) => {
    leader.once('error', reject);
    leader.once('exit', (status, name) => settle({ status, signal: name }));
  });
  // Whoever ends a group before it began waits for nothing.
  exited.catch(() => undefined);
  return exited;
}
