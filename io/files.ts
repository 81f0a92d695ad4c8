import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { TidegateError } from '../core/errors.ts';
import { type AsJson, type IoManager, ioManager } from '../sdk/io.ts';
import { codeOf } from './error-code.ts';
import { extensions, type Format, fromBytes, toBytes } from './format.ts';
import { resultKey } from './result-key.ts';

export interface FilesOptions {
  /** Folder that all workers reach by the same path; it is made where it is not there. */
  readonly folder: string;
  /** @defaultValue `'json-files'`, `'text-files'` or `'binary-files'` */
  readonly name?: string;
}

/** Results as JSON files, one for each try. */
export function jsonFiles(options: FilesOptions): IoManager<unknown, AsJson> {
  return filesOf(options, 'json');
}

/** Texts as UTF-8 files, one for each try. */
export function textFiles(options: FilesOptions): IoManager<string, string> {
  return filesOf(options, 'text');
}

/** Bytes as files, one for each try. */
export function binaryFiles(options: FilesOptions): IoManager<Uint8Array, Buffer> {
  return filesOf(options, 'binary');
}

interface FileReference {
  /** Relative to the folder, with `/`. */
  readonly [path: string]: string | number;
  readonly path: string;
  readonly bytes: number;
}

function filesOf(options: FilesOptions, format: 'json'): IoManager<unknown, AsJson>;
function filesOf(options: FilesOptions, format: 'text'): IoManager<string, string>;
function filesOf(options: FilesOptions, format: 'binary'): IoManager<Uint8Array, Buffer>;
function filesOf({ folder, name }: FilesOptions, format: Format): IoManager {
  return ioManager({
    name: name ?? `${format}-files`,
    async save(value: unknown, context) {
      const path = `${resultKey(context)}.${extensions[format]}`;
      const bytes = toBytes(value, format);
      await writeWhole(join(folder, path), (file) =>
        writeFile(file, bytes, { flush: true, signal: context.signal }),
      );
      return { path, bytes: bytes.length } satisfies FileReference;
    },
    load: async ({ path }: FileReference) => fromBytes(await readWhole(inside(folder, path)), format),
    remove: ({ path }: FileReference) => rm(inside(folder, path), { force: true }),
  });
}

/** Whoever reads a file sees all of it or none: it is written aside and moved into its place. */
export async function writeWhole(file: string, write: (aside: string) => Promise<unknown>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const aside = `${file}.${randomUUID()}.partial`;
  try {
    await write(aside);
    await rename(aside, file);
  } finally {
    await rm(aside, { force: true });
  }
}

/** @throws TidegateError `invalid_input` unless a path leads below the folder */
export function inside(folder: string, path: string): string {
  const file = resolve(folder, path);
  if (file.startsWith(`${resolve(folder)}${sep}`)) return file;
  throw new TidegateError(
    'invalid_input',
    `saved result ${path} is not in ${folder}: give the IO manager the folder it had`,
  );
}

async function readWhole(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw gone(file, error);
  }
}

export function gone(where: string, cause: unknown): TidegateError {
  return new TidegateError(
    'invalid_input',
    `saved result ${where} is not there any more: run the task that made it again, and let all workers reach the same place`,
    { cause },
  );
}
