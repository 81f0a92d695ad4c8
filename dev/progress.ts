/** Shows the steps of a longer command, each with the time it took. */
export interface Progress {
  /** Runs one step and shows it; `problemOf` says of a result why the step failed without throwing. */
  step<T>(title: string, work: () => Promise<T>, problemOf?: (result: T) => string | undefined): Promise<T>;
  /** A line of its own. */
  say(line: string): void;
}

interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const clearLine = '\r\u001B[K';
/** Steps shorter than this print only their result where there is no terminal. */
const quietMs = 1_000;
const repeatMs = 15_000;

/** Progress on a stream: a spinner on a terminal, plain lines elsewhere. */
export function createProgress(output: Output): Progress {
  const isTerminal = output.isTTY === true;
  return {
    say: (line) => void output.write(`${line}\n`),
    async step(title, work, problemOf = () => undefined) {
      const startedAt = Date.now();
      const elapsed = (): string => seconds(Date.now() - startedAt);
      const stop = isTerminal
        ? repeat(100, 0, (turn) => {
            output.write(`${clearLine}${frames[turn % frames.length]} ${title} … ${elapsed()}`);
          })
        : repeat(repeatMs, quietMs, () => output.write(`  ${title} … ${elapsed()}\n`));
      const close = (line: string): void => {
        stop();
        output.write(`${isTerminal ? clearLine : ''}${line} (${elapsed()})\n`);
      };
      try {
        const result = await work();
        const problem = problemOf(result);
        close(problem === undefined ? `✔ ${title}` : `✘ ${title}: ${problem}`);
        return result;
      } catch (error) {
        close(`✘ ${title}`);
        throw error;
      }
    },
  };
}

function repeat(everyMs: number, firstMs: number, act: (turn: number) => void): () => void {
  let turn = 0;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    act(turn++);
    timer = setTimeout(next, everyMs);
  };
  timer = setTimeout(next, firstMs);
  return () => clearTimeout(timer);
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
