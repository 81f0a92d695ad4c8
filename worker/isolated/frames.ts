import { deserialize, serialize } from 'node:v8';
import type { Readable } from 'node:stream';

const headerBytes = 4;

/** A message as bytes: how many there are, then a structured clone. */
export function toFrame(message: unknown): Buffer {
  const body = serialize(message);
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(body.length);
  return Buffer.concat([header, body]);
}

/** Length of the body that a header announces. */
export function bodyLength(header: Buffer): number {
  return header.readUInt32LE();
}

/** The message in a body. Both ends are this version of the worker's own code, so its type is taken on trust. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what was sent is what the other end says
export function parseBody<Message>(body: Buffer): Message {
  const message: Message = deserialize(body);
  return message;
}

/** Hands out each message of a stream, in order. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what was sent is what the other end says
export function onMessages<Message>(stream: Readable, hear: (message: Message) => void): void {
  let waiting: Buffer[] = [];
  let bytes = 0;
  let needed = headerBytes;
  stream.on('data', (chunk: Buffer) => {
    waiting.push(chunk);
    bytes += chunk.length;
    while (bytes >= needed) {
      const all = Buffer.concat(waiting);
      const end = headerBytes + bodyLength(all);
      if (all.length >= end) hear(parseBody<Message>(all.subarray(headerBytes, end)));
      const rest = all.length >= end ? all.subarray(end) : all;
      [waiting, bytes] = [[rest], rest.length];
      // Joined again only once there is enough: a large message comes in many chunks.
      needed = all.length >= end ? headerBytes : end;
    }
  });
}
