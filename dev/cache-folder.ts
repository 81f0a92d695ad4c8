import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folder for programs fetched or built once for this user, outside node_modules so that `npm ci` keeps them. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'tidegate');
}
