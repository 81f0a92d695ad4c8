import type { Command } from 'commander';
import { wholeNumber } from './arguments.ts';

export interface PageOptions {
  readonly limit: number;
  readonly offset: number;
}

/** Entries of a list when the caller does not say. */
const defaultLimit = 100;

/** Adds the options of a list that comes in pages. */
export function paged(command: Command): Command {
  return command
    .option('--limit <n>', 'how many entries, at most 1000', wholeNumber, defaultLimit)
    .option('--offset <n>', 'how many entries to pass over', wholeNumber, 0);
}
