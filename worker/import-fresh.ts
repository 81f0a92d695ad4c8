import { register } from 'node:module';
import { pathToFileURL } from 'node:url';

// The module cache and its hooks are the process's own, so what is known about them is kept once per process, too.
let hooks: Promise<void> | undefined;
let loads = 0;

/** Imports a file by its path; its exports by name. */
export type Importer = (file: string) => Promise<Readonly<Record<string, unknown>>>;

/** Imports files as they are now on disk; files imported by the same importer share what they import. */
export function freshImporter(): Importer {
  const load = ++loads;
  return async (file) => {
    await (hooks ??= registerHooks());
    const url = pathToFileURL(file);
    url.searchParams.set('tidegate-load', String(load));
    const module: Readonly<Record<string, unknown>> = await import(url.href);
    return module;
  };
}

/** Where a program in one piece has what this package publishes, by the paths of the sources; `cli/run.mjs` says so. */
const replacedSymbol = Symbol.for('tidegate.replaced');

async function registerHooks(): Promise<void> {
  // A project is TypeScript; a program in one piece has done without it so far.
  await import(import.meta.resolve('tsx'));
  const replaced: Readonly<Record<string, string>> = Reflect.get(globalThis, replacedSymbol) ?? {};
  const urls = Object.entries(replaced).map((paths) => paths.map((path) => pathToFileURL(path).href));
  register(new URL('./fresh-imports.mjs', import.meta.url), { data: Object.fromEntries(urls) });
}
