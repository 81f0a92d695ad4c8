import { createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';

/** Now, in milliseconds of the clock that `mark` uses. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Collects what tasks in other processes mark. */
export class Marks {
  readonly #times = new Map<string, number[]>();
  readonly #waiting = new Set<() => void>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<Marks> {
    const server = createServer();
    const marks = new Marks(server);
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      createInterface({ input: socket }).on('line', (line) => marks.#add(line));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    server.unref();
    return marks;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  count(name: string): number {
    return this.#times.get(name)?.length ?? 0;
  }

  /** Waits until so many more than `before` are there. @returns when each of them was reached, in order of arrival */
  async more(name: string, before: number, count: number, withinMs = 120_000): Promise<readonly number[]> {
    const until = now() + withinMs;
    while (this.count(name) < before + count) {
      if (now() > until)
        throw new Error(`${name}: ${this.count(name) - before} of ${count} within ${withinMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return this.#times.get(name)?.slice(before, before + count) ?? [];
  }

  close(): void {
    this.#server.close();
  }

  #add(line: string): void {
    const [name = '', at] = line.split(' ');
    const times = this.#times.get(name) ?? [];
    times.push(Number(at) / 1e6);
    this.#times.set(name, times);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
