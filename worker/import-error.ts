import { pathToFileURL } from 'node:url';
import { TidegateError } from '../core/errors.ts';
import { redactor } from '../sdk/secrets.ts';

/** What esbuild, which reads TypeScript here, writes for each syntax error. */
const transformed = /^(.+):(\d+):(\d+): ERROR: (.+)$/m;

/** Why a file did not load, for its author: one message, with the line where it is known, with paths relative to the project. */
export function importErrorMessage(error: unknown, file: string, folder: string): string {
  return redactor().text(withoutPaths(explain(error, file), folder));
}

/** A message that is the same on every machine: no path of the project's folder, no mark of the load. */
export function withoutPaths(message: string, folder: string): string {
  const url = pathToFileURL(folder).href;
  return message
    .replaceAll(/\?tidegate-load=\d+/g, '')
    .replaceAll(`${url}/`, '')
    .replaceAll(`${folder}/`, '')
    .replaceAll(`${folder.replaceAll('\\', '/')}/`, '');
}

function explain(error: unknown, file: string): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`;
  const [, where, line, , reason] = transformed.exec(error.message) ?? [];
  if (line !== undefined && reason !== undefined) {
    return where === file ? `line ${line}: ${reason}` : `${where}:${line}: ${reason}`;
  }
  const message = error.message.trim().split('\n', 1)[0] ?? '';
  const what =
    error instanceof TidegateError || error.name === 'Error' ? message : `${error.name}: ${message}`;
  const at = lineOf(error, file);
  return at === undefined || message.includes(`${file}:`) ? what : `line ${at}: ${what}`;
}

/** The first line of the file itself in the stack, which is where its author looks. */
function lineOf(error: Error, file: string): string | undefined {
  const frames = (error.stack ?? '').split('\n').map((frame) => frame.replace(/\?tidegate-load=\d+/, ''));
  const frame = frames.find((candidate) => candidate.includes(`${file}:`));
  return frame === undefined
    ? undefined
    : /^(\d+)/.exec(frame.slice(frame.indexOf(`${file}:`) + file.length + 1))?.[1];
}
