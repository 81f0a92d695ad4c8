import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stackFiles } from '../cli/running-stack.ts';
import { TidegateError } from '../core/errors.ts';
import { commandOf } from './processes.ts';

/** Where the examples put their lake when they run without this stack. */
const lakeName = 'data-lake';
const marker = 'tidegate-data.txt';
const lockName = 'lock';

/** Where one stack keeps what must survive a restart: databases, logs, the local data lake. */
export interface DataFolder {
  readonly path: string;
  /** Postgres' own files, where its user can reach this folder; see `postgresPlace`. */
  readonly postgres: string;
  readonly temporalDatabase: string;
  readonly temporalPid: string;
  /** Files the examples read and write in place of an object store. */
  readonly lake: string;
  readonly logs: string;
  /** Address of the API while it is up: commands find it here. */
  readonly apiUrl: string;
  /** Variables that lead to its servers while it is up, for commands too. */
  readonly variables: string;
}

/** The layout of a data folder; touches nothing. */
export function dataFolder(path: string): DataFolder {
  const root = resolve(path);
  return {
    path: root,
    postgres: join(root, 'postgres'),
    temporalDatabase: join(root, 'temporal.db'),
    temporalPid: join(root, 'temporal.pid'),
    lake: join(root, lakeName),
    logs: join(root, 'logs'),
    apiUrl: join(root, stackFiles.apiUrl),
    variables: join(root, stackFiles.variables),
  };
}

/** Creates the folder where needed and takes its lock, so that one stack at a time uses it; returns what gives it back. */
export async function lockDataFolder(folder: DataFolder): Promise<() => Promise<void>> {
  await requireOwnFolder(folder);
  await mkdir(folder.path, { recursive: true });
  const lock = join(folder.path, lockName);
  const mine = JSON.stringify({ pid: process.pid, command: commandOf(process.pid) ?? '' });
  while (!(await createFile(lock, mine))) {
    const holder = await readHolder(lock);
    if (holder !== undefined) {
      throw new TidegateError(
        'invalid_environment',
        `${folder.path} is in use by another Tidegate (process ${holder}): stop that one, or set TIDEGATE_DATA to another folder`,
      );
    }
    await rm(lock, { force: true });
    // Two that found the same stale lock: let the slower one see whose file stands.
    await sleep(50);
  }
  await createFile(
    join(folder.path, marker),
    'Data of a Tidegate stack. `npm start -- --fresh` empties this folder.\n',
  );
  return async () => {
    if ((await readText(lock)) === mine) await rm(lock, { force: true });
  };
}

/** Empties a data folder whose lock we hold. */
export async function wipeDataFolder(folder: DataFolder): Promise<void> {
  for (const name of await readdir(folder.path)) {
    if (name !== lockName && name !== marker)
      await rm(join(folder.path, name), { recursive: true, force: true });
  }
}

/** Refuses a folder with other people's files in it before anything is written there. */
async function requireOwnFolder(folder: DataFolder): Promise<void> {
  const names = await readdir(folder.path).catch((): string[] => []);
  if (names.includes(marker) || names.includes(lockName) || names.every((name) => name === lakeName)) return;
  throw new TidegateError(
    'invalid_environment',
    `${folder.path} holds files that are not Tidegate's: set TIDEGATE_DATA to an empty folder`,
  );
}

/** Process that holds the lock; undefined when it is gone. A pid counts only with the command line it had. */
async function readHolder(lock: string): Promise<number | undefined> {
  const text = await readText(lock);
  const [, pid, command] = /^\{"pid":(\d+),"command":(".*")\}$/.exec(text ?? '') ?? [];
  if (pid === undefined || command === undefined) return undefined;
  return JSON.stringify(commandOf(Number(pid)) ?? '') === command ? Number(pid) : undefined;
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** Writes a file that must not exist yet; false when it does. */
async function createFile(path: string, text: string): Promise<boolean> {
  return writeFile(path, text, { flag: 'wx' }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
}
