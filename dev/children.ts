import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { findOnPath } from './processes.ts';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Its output is appended here. */
  readonly logFile: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** What asks it to end. @defaultValue SIGTERM */
  readonly stopSignal?: 'SIGTERM' | 'SIGINT';
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with one phrase saying how it ended: `exit 1`, `SIGKILL`, or why it could not start. */
  readonly ended: Promise<string>;
  isRunning(): boolean;
  /** What it has logged since it was started. */
  log(): string;
  /** It is up: from now on an end that nobody asked for is reported. */
  settle(): void;
  /** Asks it to end, and kills it when it has not after the grace. @defaultValue 5 s */
  stop(graceMs?: number): Promise<void>;
}

/** The processes a command started: ended in reverse order on `stop`, and never outliving this process where that can be had. */
export class Children {
  readonly #running: Child[] = [];
  readonly #onLost: (child: Child, how: string) => void;
  #stopping = false;

  /** `onLost` hears of every settled child that ends without having been asked to. */
  constructor(onLost: (child: Child, how: string) => void = () => undefined) {
    this.#onLost = onLost;
  }

  start(options: ChildOptions): Child {
    const stopSignal = options.stopSignal ?? 'SIGTERM';
    mkdirSync(dirname(options.logFile), { recursive: true });
    const log = openSync(options.logFile, 'a');
    const logStart = statSync(options.logFile).size;
    const [command, args] = dyingWithParent(options, stopSignal);
    // A session of its own: Ctrl-C in the terminal must reach only us, so that we can end children in order.
    const started = spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.gid === undefined ? {} : { gid: options.gid }),
    });
    closeSync(log);

    let watched = false;
    const ended = endOf(started);
    const killNow = (): void => void started.kill(stopSignal);
    process.once('exit', killNow);
    const child: Child = {
      name: options.name,
      pid: started.pid ?? -1,
      ended,
      isRunning: () => started.pid !== undefined && started.exitCode === null && started.signalCode === null,
      log: () => readFrom(options.logFile, logStart),
      settle: () => {
        watched = true;
      },
      stop: async (graceMs = 5_000) => {
        watched = false;
        if (!child.isRunning()) return;
        started.kill(stopSignal);
        const timer = setTimeout(() => started.kill('SIGKILL'), graceMs);
        await ended;
        clearTimeout(timer);
      },
    };
    this.#running.push(child);
    started.once('close', () => {
      process.removeListener('exit', killNow);
      this.#running.splice(this.#running.indexOf(child), 1);
      if (watched && !this.#stopping) this.#onLost(child, started.signalCode ?? `exit ${started.exitCode}`);
    });
    return child;
  }

  /** Ends all, the youngest first; done within the given time, by SIGKILL where needed. */
  async stop(withinMs = 9_000): Promise<void> {
    this.#stopping = true;
    const deadline = Date.now() + withinMs;
    for (const child of this.#running.toReversed()) {
      await child.stop(Math.max(200, (deadline - Date.now()) / this.#running.length));
    }
  }
}

/** The end of a file, from a position on: logs are appended to for weeks. */
function readFrom(path: string, start: number): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, statSync(path).size - start));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start)).toString();
  } finally {
    closeSync(file);
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((settle) => {
    child.once('error', (error) => settle(error.message));
    child.once('exit', (code, signal) => settle(signal ?? `exit ${code}`));
  });
}

/** Linux can signal a process when its parent dies, however it dies; elsewhere the next start ends what was left. */
function dyingWithParent(
  { command, args }: ChildOptions,
  signal: 'SIGTERM' | 'SIGINT',
): readonly [string, readonly string[]] {
  const setpriv = process.platform === 'linux' ? findOnPath('setpriv') : undefined;
  if (setpriv === undefined) return [command, args];
  return [setpriv, ['--pdeathsig', signal.slice('SIG'.length), command, ...args]];
}
