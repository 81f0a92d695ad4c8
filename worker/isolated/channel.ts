import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { bodyLength, onMessages, parseBody, toFrame } from './frames.ts';
import {
  type Call,
  channels,
  type FromTask,
  type Reply,
  type Start,
  type Target,
  type ToTask,
} from './messages.ts';
import { fromWire } from './wire-errors.ts';
import { toWireArguments } from './wire-sources.ts';

/** The line of an isolated task to its worker. */
export interface Channel {
  readonly started: Promise<Start>;
  /** Aborted when the worker says so. */
  readonly signal: AbortSignal;
  /** Says what nobody answers. */
  tell(on: Target, method: string, ...args: readonly unknown[]): void;
  /** Stands still until it is answered, so that what is wrong is thrown where the author's code is. */
  call(on: Target, method: string, ...args: readonly unknown[]): unknown;
  ask(on: Target, method: string, ...args: readonly unknown[]): Promise<unknown>;
  end(message: Extract<FromTask, { kind: 'ended' | 'failed' }>): void;
}

/** Opens the file descriptors that the worker laid. */
export function openChannel(): Channel {
  const stopping = new AbortController();
  const waiting = new Map<number, (reply: Reply) => void>();
  let asked = 0;
  const hears = new Socket({ fd: channels.hears });
  const started = new Promise<Start>((settle) => {
    onMessages<ToTask>(hears, (message) => {
      if (message.kind === 'start') settle(message);
      else if (message.kind === 'abort') stopping.abort(fromWire(message.reason));
      else waiting.get(message.id)?.(message.reply);
    });
  });
  const called = (on: Target, method: string, args: readonly unknown[]): Call => ({
    ...{ on, method },
    args: toWireArguments(args),
  });
  return {
    started,
    signal: stopping.signal,
    tell: (on, method, ...args) => say({ kind: 'tell', call: called(on, method, args) }),
    call(on, method, ...args) {
      say({ kind: 'sync', call: called(on, method, args) });
      return valueOf(hearNow());
    },
    async ask(on, method, ...args) {
      asked += 1;
      const id = asked;
      const reply = new Promise<Reply>((settle) => waiting.set(id, settle));
      say({ kind: 'async', id, call: called(on, method, args) });
      // A task that waits for nothing else must not end as a process with nothing to do.
      hears.ref();
      try {
        return valueOf(await reply);
      } finally {
        waiting.delete(id);
      }
    },
    end: say,
  };
}

function valueOf(reply: Reply): unknown {
  if (reply.kind === 'value') return reply.value;
  throw fromWire(reply.error);
}

function say(message: FromTask): void {
  const frame = toFrame(message);
  for (let sent = 0; sent < frame.length;) sent += writeSync(channels.says, frame, sent);
}

function hearNow(): Reply {
  return parseBody<Reply>(read(bodyLength(read(4))));
}

function read(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let got = 0; got < length;) {
    const more = readSync(channels.answers, bytes, got, length - got, null);
    if (more === 0) throw new Error('the worker is gone');
    got += more;
  }
  return bytes;
}
