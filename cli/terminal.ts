import { once } from 'node:events';
import { type Colors, colorsOf } from './colors.ts';

/** Where a command writes to. */
export interface Terminal {
  /** What was asked for. */
  write(text: string): void;
  /** One line beside it: progress, notes, failures. */
  note(line: string): void;
  /** Resolves once enough of what was written has been taken that more may follow. */
  drained(): Promise<void>;
  /** Standard input, left alone until it is read. */
  readonly input: AsyncIterable<Uint8Array>;
  readonly colors: Colors;
  /** Characters in a line; unknown where output goes to a file or a pipe, where nothing is cut. */
  readonly width: number | undefined;
  readonly now: () => number;
}

/** The terminal of this process. */
export function processTerminal(process: NodeJS.Process): Terminal {
  const { stdout, stderr, env } = process;
  return {
    write: (text) => void stdout.write(text),
    note: (line) => void stderr.write(`${line}\n`),
    drained: async () => {
      if (stdout.writableNeedDrain) await once(stdout, 'drain');
    },
    input: { [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator]() },
    colors: colorsOf(stdout, env),
    width: stdout.isTTY && stdout.columns > 0 ? stdout.columns : undefined,
    now: Date.now,
  };
}
