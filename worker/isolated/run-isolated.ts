import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { unreachable } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { type Exit, type ProcessGroup, startGroup } from '../../operators/process-group.ts';
import type { TaskContext, TaskDefinition } from '../../sdk/index.ts';
import type { Isolation } from '../../sdk/isolate.ts';
import { onMessages, toFrame } from './frames.ts';
import { channels, dataOf, type FromTask, type ToTask } from './messages.ts';
import { serveContext } from './serve-context.ts';
import { fromWire, toWire } from './wire-errors.ts';

/** What runs in a process of its own. */
export interface IsolatedTry {
  readonly task: TaskDefinition;
  readonly isolation: Isolation;
  /** Path of the file that exports its DAG. */
  readonly file: string;
  readonly context: TaskContext<object>;
}

/** The process of a task ended otherwise than by running its code to its end. */
export class TaskProcessFailed extends Error {
  override readonly name = 'TaskProcessFailed';
}

const program = fileURLToPath(new URL('main.ts', import.meta.url));
const runner = fileURLToPath(new URL('../../cli/run.mjs', import.meta.url));
/** How often the memory of a process is looked at. */
const lookEveryMs = 100;
const mebibyte = 1_048_576;
const tailLines = 5;

type Outcome = Extract<FromTask, { kind: 'ended' | 'failed' }>;

/**
 * Runs the code of a task in a process of its own, from its file as it is now, until it ends, or was told to stop and had its grace.
 * @throws what the code throws; TaskProcessFailed; the reason of the context's signal
 */
export async function runIsolated(tried: IsolatedTry): Promise<Json> {
  const { isolation, context } = tried;
  const { graceMs, memoryBytes } = isolation;
  const heap = `--max-old-space-size=${Math.floor(memoryBytes / mebibyte)}`;
  const group = startGroup({
    program: process.execPath,
    args: [heap, runner, program],
    env: process.env,
    stdio: ['ignore', 'inherit', 'pipe', 'pipe', 'pipe', 'pipe'],
    // The process is no use without its worker.
    graceMs: 0,
  });
  const over = new AbortController();
  const memory = watchMemory(group, memoryBytes, over.signal);
  const said = converse(group, tried);
  const tail = forwardErrors(group);
  const stop = (): void => void stopping(group, context.signal, said.send, graceMs, over.signal);
  context.signal.addEventListener('abort', stop, { once: true });
  if (context.signal.aborted) stop();
  try {
    const exit = await group.exited;
    const outcome = await said.outcome();
    if (outcome?.kind === 'ended') return outcome.result;
    if (outcome?.kind === 'failed') throw fromWire(outcome.error);
    context.signal.throwIfAborted();
    throw new TaskProcessFailed(
      reasonOf(exit, { memoryBytes, isTooLarge: memory.isTooLarge(), tail: tail() }),
    );
  } finally {
    over.abort();
    context.signal.removeEventListener('abort', stop);
    // Whatever it started goes with it.
    void group.end(0);
  }
}

/** Answers what the process asks, until it ends. */
function converse({ leader }: ProcessGroup, { context, task, file }: IsolatedTry) {
  const [says, hears, answers] = [channels.says, channels.hears, channels.answers].map((fd) =>
    duplex(Object.values(leader.stdio)[fd]),
  );
  if (says === undefined || hears === undefined || answers === undefined)
    throw new Error('a process without its pipes');
  const served = serveContext(context, [...task.outlets, ...task.inlets]);
  const send = (message: ToTask): void => void hears.write(toFrame(message));
  let outcome: Outcome | undefined;
  onMessages<FromTask>(says, (message) => {
    switch (message.kind) {
      case 'tell':
        served.now(message.call);
        return;
      case 'sync':
        answers.write(toFrame(served.now(message.call)));
        return;
      case 'async':
        void served.later(message.call).then((reply) => send({ kind: 'reply', id: message.id, reply }));
        return;
      case 'ended':
      case 'failed':
        outcome = message;
        return;
      default:
        unreachable(message);
    }
  });
  const closed = new Promise<void>((settle) => says.once('close', settle));
  send({ kind: 'start', file, data: dataOf(context) });
  return {
    send,
    async outcome(): Promise<Outcome | undefined> {
      // What it said last may still be on its way when it has ended.
      await Promise.race([closed, delay(1_000)]);
      return outcome;
    },
  };
}

/** A pipe that may break when the process ends. */
function duplex(stream: unknown): Duplex | undefined {
  if (typeof stream !== 'object' || stream === null || !('write' in stream)) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the pipes of a child are sockets
  const pipe = stream as Duplex;
  pipe.on('error', () => undefined);
  return pipe;
}

async function stopping(
  group: ProcessGroup,
  { reason }: AbortSignal,
  send: (message: ToTask) => void,
  graceMs: number,
  over: AbortSignal,
): Promise<void> {
  send({ kind: 'abort', reason: toWire(reason) });
  await delay(graceMs, undefined, { signal: over }).catch(() => undefined);
  if (!over.aborted) group.leader.kill('SIGKILL');
}

/** Kills the process when it uses more memory than it may: V8 bounds its own heap only, and buffers are outside of it. */
function watchMemory(group: ProcessGroup, maxBytes: number, over: AbortSignal) {
  let isTooLarge = false;
  const look = async (): Promise<void> => {
    while (!over.aborted) {
      if ((await residentBytes(group.pid)) > maxBytes) {
        isTooLarge = true;
        group.leader.kill('SIGKILL');
        return;
      }
      await delay(lookEveryMs, undefined, { signal: over }).catch(() => undefined);
    }
  };
  void look();
  return { isTooLarge: () => isTooLarge };
}

/** What of a process is in memory; 0 where this cannot be seen, which is everywhere but on Linux. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
}

/** Passes on what the process writes to stderr. @returns the last of it */
function forwardErrors({ leader }: ProcessGroup): () => string {
  let last: readonly string[] = [];
  if (leader.stderr !== null) {
    createInterface({ input: leader.stderr }).on('line', (line) => {
      last = [...last.slice(1 - tailLines), line];
      process.stderr.write(`${line}\n`);
    });
  }
  return () => last.join('\n').trim();
}

function reasonOf(
  { status, signal }: Exit,
  { memoryBytes, isTooLarge, tail }: { memoryBytes: number; isTooLarge: boolean; tail: string },
): string {
  if (isTooLarge || signal === 'SIGABRT' || status === 134)
    return `the task used more than its memory of ${Math.round(memoryBytes / mebibyte)} MiB: give it more by isolate: { memory }, or let it work in parts`;
  const how = signal === null ? `with exit status ${status}` : `by ${signal}`;
  return `the process of the task ended ${how} before its code did${tail === '' ? '' : `: ${tail}`}`;
}
