/**
 * Runs a program of this package: `node cli/run.mjs <source> [arguments]`, the path of the source from this package's folder.
 * JavaScript, because it runs where no TypeScript loader is.
 */
import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const self = fileURLToPath(import.meta.url);

if (realpathSync(process.argv[1] ?? '.') === self) {
  const [, , source, ...args] = process.argv;
  if (source === undefined) {
    process.stderr.write('usage: node cli/run.mjs <source> [arguments], such as worker/main.ts\n');
    process.exit(2);
  }
  await runProgram(source, args);
}

/**
 * Imports a program as if Node had been started with it: in one piece where that can be put together, else source by source.
 * @param {string} source
 * @param {readonly string[]} args
 */
export async function runProgram(source, args) {
  const entry = resolve(self, '../..', source);
  process.argv = [process.argv[0], entry, ...args];
  const { program, replaced } = await inOnePiece(entry);
  if (program === entry) await import('tsx');
  else process.setSourceMapsEnabled(true);
  // What a project imports of this package is to be what the program has of it: `worker/import-fresh.ts`.
  globalThis[Symbol.for('tidegate.replaced')] = replaced;
  await import(pathToFileURL(program).href);
}

async function inOnePiece(entry) {
  try {
    const { build } = await import('./built.mjs');
    return await build(entry);
  } catch {
    // The folder cannot be written, or a source is broken: then its loader says so.
    return { program: entry, replaced: {} };
  }
}
