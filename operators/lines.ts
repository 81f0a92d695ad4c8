import { StringDecoder } from 'node:string_decoder';

/** Longest line that is kept; what is beyond it is cut, and that is said. */
export const maxLineLength = 16_384;

/** Takes the chunks of one stream. */
export interface LineReader {
  write(chunk: Buffer): void;
  /** Hands out what came behind the last line end. */
  end(): void;
}

/** Hands out a stream line by line, however it is cut into chunks and however long its lines are. */
export function createLineReader(onLine: (line: string) => void): LineReader {
  const decoder = new StringDecoder('utf8');
  let begun = '';
  let cut = 0;
  const take = (text: string): void => {
    const kept = text.slice(0, maxLineLength - begun.length);
    begun += kept;
    cut += text.length - kept.length;
  };
  const finish = (): void => {
    const line = begun.endsWith('\r') ? begun.slice(0, -1) : begun;
    onLine(cut === 0 ? line : `${line} … (${cut} more characters)`);
    [begun, cut] = ['', 0];
  };
  const read = (text: string): void => {
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      take(text.slice(from, to));
      finish();
      from = to + 1;
    }
    take(text.slice(from));
  };
  return {
    write: (chunk) => read(decoder.write(chunk)),
    end() {
      read(decoder.end());
      if (begun !== '') finish();
    },
  };
}
