import { type Colors, colorsOf } from './colors.ts';

/** Where a command writes to. */
export interface Terminal {
  /** What was asked for. */
  write(text: string): void;
  /** One line beside it: progress, notes, failures. */
  note(line: string): void;
  readonly colors: Colors;
  /** Characters in a line; unknown where output goes to a file or a pipe, where nothing is cut. */
  readonly width: number | undefined;
  readonly now: () => number;
}

/** The terminal of this process. */
export function processTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  return {
    write: (text) => void stdout.write(text),
    note: (line) => void stderr.write(`${line}\n`),
    colors: colorsOf(stdout, env),
    width: stdout.isTTY && stdout.columns > 0 ? stdout.columns : undefined,
    now: Date.now,
  };
}
