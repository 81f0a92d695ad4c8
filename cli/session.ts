import type { Command } from 'commander';
import type { Api } from './api-client.ts';
import type { Format } from './render.ts';
import type { Report } from './report.ts';
import type { Terminal } from './terminal.ts';

/** Variables of a process; an empty one counts as not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What leads a command to its servers. */
export interface Surroundings {
  readonly environment: Variables;
  /** From which a stack running here is looked for. */
  readonly folder: string;
}

/** What a command works with. */
export interface Session {
  readonly api: Api;
  readonly terminal: Terminal;
  /** For who writes an answer as it comes, instead of reporting it. */
  readonly format: Format;
  readonly surroundings: Surroundings;
  /** Of the command line's own package. */
  readonly version: string;
}

/** Runs a command and prints its report in the format that was asked for. */
export type Run = (command: (session: Session) => Promise<Report>) => Promise<void>;

/** Adds commands to the program or to one of its groups. */
export type AddCommands = (program: Command, run: Run) => void;
