import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { invalid } from './command-failure.ts';

/** Where the development stack leaves the address of its API, relative to the folder it was started in: one URL. */
export const apiUrlFile = join('.tidegate', 'api-url');

/** Where the API listens when nothing says otherwise. */
export const defaultApiUrl = 'http://127.0.0.1:8080';

export interface ApiUrlSources {
  /** Of the command line. */
  readonly option: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
}

/**
 * Address of the API, without a slash at its end: the option, else `TIDEGATE_API_URL`, else the stack running in this folder or
 * above it, else the default.
 */
export function findApiUrl({ option, environment, folder }: ApiUrlSources): string {
  if (option !== undefined) return parseUrl('--api-url', option);
  const variable = environment['TIDEGATE_API_URL']?.trim();
  if (variable !== undefined && variable !== '') return parseUrl('TIDEGATE_API_URL', variable);
  const left = findUpwards(resolve(folder));
  return left === undefined ? defaultApiUrl : parseUrl(left.file, left.text);
}

function findUpwards(folder: string): { readonly file: string; readonly text: string } | undefined {
  const file = join(folder, apiUrlFile);
  const text = readText(file);
  if (text !== undefined) return { file, text };
  const parent = dirname(folder);
  return parent === folder ? undefined : findUpwards(parent);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function parseUrl(source: string, value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw invalid(
      `${source} ${JSON.stringify(value)} is not valid: use a web address, such as ${defaultApiUrl}`,
    );
  }
  return value.replace(/\/+$/, '');
}
