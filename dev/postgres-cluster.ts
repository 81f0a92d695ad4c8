import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TidegateError } from '../core/errors.ts';
import { runCommand } from './command.ts';
import { type PostgresPrograms, type PostgresUser, postgresPlace, postgresUser } from './postgres-place.ts';
import { endLeftover } from './processes.ts';

/** Ends a server still running on the folder; its pid file says which, and counts only if the process names the folder. */
export async function endLeftoverPostgres(folder: string): Promise<void> {
  const cluster = await postgresPlace(folder, postgresUser());
  const pidFile = join(cluster, 'postmaster.pid');
  const [line] = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
  const pid = Number(line);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const marks = ['postgres', `-D ${cluster}`];
  const leftover = await endLeftover({ pid, marks, signal: 'SIGINT', graceMs: 8_000 });
  // Postgres would take the other process that has this pid now for itself, and refuse to start.
  if (leftover === 'foreign') await rm(pidFile, { force: true });
}

/** Removes the cluster of a folder, wherever it lies; nothing may be running on it. */
export async function removePostgres(folder: string): Promise<void> {
  await rm(await postgresPlace(folder, postgresUser()), { recursive: true, force: true });
  await rm(`${folder}.location`, { force: true });
}

const passwordFile = 'tidegate-password';

/** Makes the cluster where there is none yet. */
export async function initialiseCluster(
  cluster: string,
  programs: PostgresPrograms,
  user: PostgresUser,
  sync: boolean,
): Promise<void> {
  const version = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version !== undefined) return;
  // Made aside and renamed: an interrupted initdb must not be taken for a cluster.
  const partial = `${cluster}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  // A password although it is only on loopback: without one, any account of a shared machine could run programs as us.
  const passwordSource = `${partial}.password`;
  await writeFile(passwordSource, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    await chown(partial, user.uid, user.gid);
    await chown(passwordSource, user.uid, user.gid);
  }
  const { problem } = await runCommand({
    command: programs.initdb,
    args: [
      `--pgdata=${partial}`,
      '--username=postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordSource}`,
      '--encoding=UTF8',
      '--locale=C',
      // Order by code point on every machine, with letter case known for all of Unicode.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(sync ? [] : ['--no-sync']),
    ],
    cwd: '/',
    env: postgresEnvironment(),
    timeoutMs: 120_000,
    ...user,
  });
  if (problem !== undefined) throw new TidegateError('database_unreachable', `initdb failed: ${problem}`);
  await rename(passwordSource, join(partial, passwordFile));
  await rename(partial, cluster);
}

/** Password of its superuser. */
export async function clusterPassword(cluster: string): Promise<string> {
  return (await readFile(join(cluster, passwordFile), 'utf8')).trim();
}

/** Nothing of the caller's: PGDATA, PGPORT and the like would be obeyed. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C' };
}
