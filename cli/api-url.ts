import { invalid } from './command-failure.ts';
import { findStackFile, stackFiles } from './running-stack.ts';
import type { Surroundings } from './session.ts';

/** Where the API listens when nothing says otherwise. */
export const defaultApiUrl = 'http://127.0.0.1:8080';

export interface ApiUrlSources extends Surroundings {
  /** Of the command line. */
  readonly option: string | undefined;
}

/**
 * Address of the API, without a slash at its end: the option, else `TIDEGATE_API_URL`, else the stack running in this folder or
 * above it, else the default.
 */
export function findApiUrl({ option, environment, folder }: ApiUrlSources): string {
  if (option !== undefined) return parseUrl('--api-url', option);
  const variable = environment['TIDEGATE_API_URL']?.trim();
  if (variable !== undefined && variable !== '') return parseUrl('TIDEGATE_API_URL', variable);
  const left = findStackFile(folder, stackFiles.apiUrl);
  return left === undefined ? defaultApiUrl : parseUrl(left.file, left.text);
}

function parseUrl(source: string, value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw invalid(
      `${source} ${JSON.stringify(value)} is not valid: use a web address, such as ${defaultApiUrl}`,
    );
  }
  return value.replace(/\/+$/, '');
}
