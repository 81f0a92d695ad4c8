import type { Readable } from 'node:stream';
import { NonRetryable, type TaskLog } from '../sdk/index.ts';
import { createLineReader } from './lines.ts';
import { createOutputLog } from './output-log.ts';

/** Longest output that is read as JSON. */
export const maxJsonBytes = 1_048_576;
const tailLines = 20;
const tailLength = 2_000;

/** What a program wrote, while it goes to the log. */
export interface CommandOutput {
  /** Resolves when both streams have ended. */
  readonly ended: Promise<unknown>;
  /** The last line of stdout that is not blank; empty where there is none. */
  lastLine(): string;
  /** The last of stderr, or of stdout where there was nothing. */
  tail(): string;
  /** All of stdout. @throws NonRetryable when it is above 1 MiB */
  text(): string;
  /** Reads no further, and says what was not logged. */
  close(): void;
}

export function readOutput(
  stdout: Readable,
  stderr: Readable,
  { log, isKept }: { readonly log: TaskLog; readonly isKept: boolean },
): CommandOutput {
  const output = createOutputLog(log, () => performance.now());
  const tails = { stdout: createTail(), stderr: createTail() };
  let lastLine = '';
  let bytes = 0;
  const chunks: Buffer[] = [];
  if (isKept) {
    stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxJsonBytes) chunks.push(chunk);
    });
  }
  const ended = Promise.all([
    readLines(stdout, (line) => {
      if (line.trim() !== '') lastLine = line;
      tails.stdout.add(line);
      output.line('info', line);
    }),
    readLines(stderr, (line) => {
      tails.stderr.add(line);
      output.line('warn', line);
    }),
  ]);
  return {
    ended,
    lastLine: () => lastLine,
    tail: () => tails.stderr.text() || tails.stdout.text(),
    text() {
      if (bytes <= maxJsonBytes) return Buffer.concat(chunks).toString();
      throw new NonRetryable(
        `its output is ${bytes} bytes, ${maxJsonBytes} are allowed for a JSON result: write the data elsewhere and print a reference`,
      );
    },
    close() {
      stdout.destroy();
      stderr.destroy();
      output.close();
    },
  };
}

function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const reader = createLineReader(onLine);
  stream.on('data', (chunk: Buffer) => reader.write(chunk));
  return new Promise((settle) => {
    stream.once('close', () => {
      reader.end();
      settle();
    });
    // What was read before it broke is what there is.
    stream.once('error', () => undefined);
  });
}

function createTail(): { add(line: string): void; text(): string } {
  let lines: readonly string[] = [];
  return {
    add(line) {
      lines = [...lines.slice(1 - tailLines), line.slice(-tailLength)];
    },
    text: () => lines.join('\n').trim().slice(-tailLength),
  };
}
