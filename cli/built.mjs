/**
 * Programs of this package in one piece. Source by source it takes a process some 1.5 s of processor time to load one, in one piece a
 * tenth of that; so each is put together once, beside the packages, and again when a source has changed. JavaScript, because it runs
 * where no TypeScript loader is.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'tidegate', 'built');
/** A process that runs may still load a part of a program that was replaced. */
const keptMs = 24 * 3_600_000;

/** Sources of what projects import of this package. */
const { exports: published } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const publishedSources = Object.values(published).map((path) => join(root, path));

/**
 * Puts a program together, unless that was done since its sources changed.
 * @param {string} entry path of its source
 * @returns {Promise<{ program: string, replaced: Record<string, string> }>} the path of the program; and of each published module by the
 *   path of its source, for whoever loads such a module beside the program
 */
export async function build(entry) {
  const name = relative(root, entry).replaceAll(/\W+/g, '-');
  const listFile = join(cache, `${name}.json`);
  const before = await readList(listFile);
  if (before !== undefined && isCurrent(before)) return placesIn(before.folder, entry);
  const folder = `${name}-${randomUUID().slice(0, 8)}`;
  const marks = await bundle(entry, join(cache, folder));
  const aside = `${listFile}.${randomUUID()}`;
  await writeFile(aside, JSON.stringify({ root, folder, marks }));
  // It is replaced now, however long ago it was put together.
  if (before !== undefined)
    await utimes(join(cache, before.folder), new Date(), new Date()).catch(() => undefined);
  await rename(aside, listFile);
  await removeOlder(name, folder).catch(() => undefined);
  return placesIn(folder, entry);
}

async function readList(listFile) {
  try {
    return JSON.parse(await readFile(listFile, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether it is there, no source has changed since, and this package was not moved. */
function isCurrent({ root: builtIn, folder, marks }) {
  try {
    return (
      builtIn === root &&
      statSync(join(cache, folder)).isDirectory() &&
      Object.entries(marks).every(([path, mark]) => isUnchanged(path, mark))
    );
  } catch {
    return false;
  }
}

/** A source, and what tells it from a later one; the time is asked first, so that what changes meanwhile differs. */
function readMarked(path) {
  const { mtimeMs, size } = statSync(path);
  const text = readFileSync(path, 'utf8');
  return { text, mark: { mtimeMs, size, hash: hashOf(text) } };
}

/** Images and checkouts change times and no more. */
function isUnchanged(path, { mtimeMs, size, hash }) {
  const now = statSync(path);
  return now.size === size && (now.mtimeMs === mtimeMs || hashOf(readFileSync(path, 'utf8')) === hash);
}

const hashOf = (text) => createHash('sha256').update(text).digest('base64');

/** @returns marks of what went into it, by path */
async function bundle(entry, outdir) {
  const esbuild = await import('esbuild');
  const own = ['package.json', 'tsconfig.json', 'cli/built.mjs'].map((path) => join(root, path));
  const marks = Object.fromEntries(own.filter(existsSync).map((path) => [path, readMarked(path).mark]));
  await esbuild.build({
    entryPoints: [...new Set([entry, ...publishedSources])],
    ...{ outdir, outbase: root, absWorkingDir: root, logLevel: 'silent' },
    ...{ bundle: true, splitting: true, packages: 'external', platform: 'node', target: 'node20' },
    // What is below `node_modules` has no package.json that says so.
    ...{ format: 'esm', outExtension: { '.js': '.mjs' } },
    ...{ sourcemap: true, sourcesContent: false },
    plugins: [ownPlaces(marks)],
  });
  return marks;
}

/** Sources find what lies beside them by their own place, wherever they were put. */
const ownPlaces = (marks) => ({
  name: 'own-places',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const { text, mark } = readMarked(path);
      marks[path] = mark;
      const place = JSON.stringify(pathToFileURL(path).href);
      return { contents: text.replaceAll('import.meta.url', place), loader: 'ts' };
    });
  },
});

function placesIn(folder, entry) {
  const builtOf = (source) => join(cache, folder, relative(root, source).replace(/\.ts$/, '.mjs'));
  const replaced = Object.fromEntries(publishedSources.map((source) => [source, builtOf(source)]));
  return { program: builtOf(entry), replaced };
}

async function removeOlder(name, current) {
  for (const other of await readdir(cache)) {
    const path = join(cache, other);
    if (!other.startsWith(`${name}-`) || other === current) continue;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}
