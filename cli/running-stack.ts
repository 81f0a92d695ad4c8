import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Variables } from './session.ts';

/** Where the stack of `npm start` keeps what is its own, in the folder it was started in. */
export const stackFolder = '.tidegate';

/** What it leaves there for commands while it runs: the address of its API, and the variables that lead to its servers. */
export const stackFiles = { apiUrl: 'api-url', variables: 'variables.json' } as const;

/** A file of the stack that was started in a folder or above it. */
export interface StackFile {
  readonly file: string;
  readonly text: string;
}

export function findStackFile(
  folder: string,
  name: (typeof stackFiles)[keyof typeof stackFiles],
): StackFile | undefined {
  const file = join(resolve(folder), stackFolder, name);
  const text = readText(file);
  if (text !== undefined) return { file, text };
  const parent = dirname(resolve(folder));
  return parent === resolve(folder) ? undefined : findStackFile(parent, name);
}

/** A stack that runs now. */
export interface RunningStack {
  /** Its data folder. */
  readonly folder: string;
  readonly variables: Variables;
}

const Left = z.object({ pid: z.int().positive(), variables: z.record(z.string(), z.string()) });

/** What a stack leaves, as text of its file. */
export function toStackVariables(left: z.input<typeof Left>): string {
  return `${JSON.stringify(left, undefined, 2)}\n`;
}

/** The stack that runs in a folder or above it; one that was killed leaves its file behind and is none. */
export function findRunningStack(folder: string): RunningStack | undefined {
  const found = findStackFile(folder, stackFiles.variables);
  const left = Left.safeParse(parseJson(found?.text));
  if (found === undefined || !left.success || !isRunning(left.data.pid)) return undefined;
  return { folder: dirname(found.file), variables: left.data.variables };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
