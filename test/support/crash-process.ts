import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { layLine } from './crash-line.ts';
import type { Fault, FaultPoint, FromProcess, ToProcess } from './faults.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const programs = { worker: 'test/support/faulty-worker.ts', api: 'test/support/faulty-api.ts' } as const;
const patienceMs = 60_000;

/** A worker or an API in a process of its own, which can be broken at any fault point. */
export interface CrashProcess {
  /** Where an API listens. */
  readonly url: string;
  isRunning(): boolean;
  /** The last it wrote. */
  output(): string;
  /** Has the process killed as soon as it comes to this point. */
  killAt(point: FaultPoint): Promise<void>;
  /** Has it stand still at one point and killed at another one that it comes to when it goes on. */
  stopAt(point: FaultPoint, killedAt: FaultPoint): Promise<void>;
  /** Resolves when the next armed point was reached: the process is dead, or stands still. */
  broken(): Promise<void>;
  /** Lets a stopped process go on. */
  resume(): void;
  /** Kills it now, wherever it is. */
  kill(): Promise<void>;
}

/**
 * Starts one of the programs and waits until it is ready, or stands still.
 * @param stopsAt - where it stands still when it comes there for the first time, also before it is ready
 */
export async function startCrashProcess(
  program: keyof typeof programs,
  environment: NodeJS.ProcessEnv,
  stopsAt?: FaultPoint,
): Promise<CrashProcess> {
  const armed: readonly Fault[] = stopsAt === undefined ? [] : [{ point: stopsAt, kind: 'SIGSTOP' }];
  // A process that stands still would go on taking work that it never does; cut off, it is given none.
  const line = await layLine(environment['TEMPORAL_ADDRESS'] ?? '');
  const child = spawn(process.execPath, ['cli/run.mjs', programs[program]], {
    cwd: repository,
    env: {
      ...process.env,
      ...environment,
      TEMPORAL_ADDRESS: line.address,
      TIDEGATE_LOG_LEVEL: 'warn',
      TIDEGATE_TEST_FAULTS: JSON.stringify(armed),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const heard: FromProcess[] = [];
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (text) => void lines.push(text));
  }
  child.on('message', (message: FromProcess) => {
    if (message.kind === 'reached') line.cut();
    heard.push(message);
  });
  child.once('exit', () => line.close());
  const output = (): string => lines.slice(-40).join('\n');
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  /** Waits for the next message of a kind; `ended` says whether the end of the process counts, too. */
  const hear = (kind: FromProcess['kind'], ended: (how: string | number | null) => boolean = () => false) =>
    new Promise<FromProcess | undefined>((resolve, reject) => {
      const fail = (why: string): void => {
        finish();
        reject(new Error(`${program} process ${why} before it was ${kind}:\n${output()}`));
      };
      const look = (): void => {
        const index = heard.findIndex((message) => message.kind === kind);
        if (index >= 0) {
          finish();
          resolve(heard.splice(index, 1)[0]);
        } else if (!isRunning()) onExit();
      };
      const onExit = (): void => {
        const how = child.signalCode ?? child.exitCode;
        if (!ended(how)) return fail(`ended (${how})`);
        finish();
        resolve(undefined);
      };
      const timer = setTimeout(() => fail(`was silent for ${patienceMs} ms`), patienceMs);
      const finish = (): void => {
        clearTimeout(timer);
        child.off('message', look);
        child.off('exit', onExit);
      };
      child.on('message', look);
      child.on('exit', onExit);
      look();
    });

  const arm = async (...faults: readonly Fault[]): Promise<void> => {
    child.send({ faults } satisfies ToProcess);
    await hear('armed');
  };

  const ready = await hear(stopsAt === undefined ? 'ready' : 'reached');
  return {
    url: ready?.kind === 'ready' ? (ready.url ?? '') : '',
    isRunning,
    output,
    killAt: (point) => arm({ point, kind: 'SIGKILL' }),
    stopAt: (point, killedAt) => arm({ point, kind: 'SIGSTOP' }, { point: killedAt, kind: 'SIGKILL' }),
    async broken() {
      await hear('reached', (how) => how === 'SIGKILL');
    },
    resume: () => {
      line.mend();
      child.kill('SIGCONT');
    },
    async kill() {
      child.kill('SIGKILL');
      if (isRunning()) await new Promise((ended) => child.once('exit', ended));
    },
  };
}
