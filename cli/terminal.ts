import picocolors from 'picocolors';

/** Where a command writes to. */
export interface Terminal {
  /** What was asked for. */
  write(text: string): void;
  /** One line beside it: progress, notes, failures. */
  note(line: string): void;
  readonly colors: ReturnType<typeof picocolors.createColors>;
  /** Characters in a line; unknown where output goes to a file or a pipe, where nothing is cut. */
  readonly width: number | undefined;
  readonly now: () => number;
}

/** The terminal of this process: coloured only where a person looks and has not set `NO_COLOR`. */
export function processTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  const isColored = stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    write: (text) => void stdout.write(text),
    note: (line) => void stderr.write(`${line}\n`),
    colors: picocolors.createColors(isColored),
    width: stdout.isTTY && stdout.columns > 0 ? stdout.columns : undefined,
    now: Date.now,
  };
}
