import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

// The module cache and its hooks are the process's own, so what is known about them is kept once per process, too.
let isRegistered = false;
let loads = 0;

/** Imports a file by its path; its exports by name. */
export type Importer = (file: string) => Promise<Readonly<Record<string, unknown>>>;

/** Imports files as they are now on disk; files imported by the same importer share what they import. */
export function freshImporter(): Importer {
  if (!isRegistered) registerHooks();
  isRegistered = true;
  const load = ++loads;
  return async (file) => {
    const url = pathToFileURL(file);
    url.searchParams.set('tidegate-load', String(load));
    const module: Readonly<Record<string, unknown>> = await import(url.href);
    return module;
  };
}

function registerHooks(): void {
  try {
    register(new URL('./fresh-imports.mjs', import.meta.url));
  } catch {
    // Some runners, Jest for one, have a loader of their own and refuse hooks: files are then loaded as that loader does.
  }
}
