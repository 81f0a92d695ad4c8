import { PassThrough } from 'node:stream';
import { onMessages, toFrame } from '../../../worker/isolated/frames.ts';

describe('messages', () => {
  it('arrive whole and in order, however they are cut', async () => {
    const sent = [{ a: 1 }, 'x'.repeat(100_000), [undefined, 10n], null];
    const bytes = Buffer.concat(sent.map(toFrame));
    for (const size of [1, 3, 4_096, bytes.length]) {
      const stream = new PassThrough();
      const heard: unknown[] = [];
      onMessages(stream, (message: unknown) => void heard.push(message));
      for (let from = 0; from < bytes.length; from += size) stream.write(bytes.subarray(from, from + size));
      stream.end();
      await new Promise((settle) => stream.once('end', settle));
      expect(JSON.stringify(heard.slice(0, 2))).toBe(JSON.stringify(sent.slice(0, 2)));
      expect(heard).toHaveLength(4);
    }
  });
});
