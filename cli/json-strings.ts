import { invalid } from './command-failure.ts';

/** Longest line; whatever has no line break is not kept beyond it. */
const maxLineLength = 1_048_576;

/**
 * Reads text with one JSON string a line, and gives the strings of each piece as it arrives.
 * @throws CommandFailure naming the line that is something else, after the strings before it
 */
export async function* readJsonStrings(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly string[], void, undefined> {
  let number = 0;
  for await (const lines of linesOf(input)) {
    const strings: string[] = [];
    for (const line of lines) {
      number += 1;
      const string = stringOf(line);
      if (string === undefined) {
        yield strings;
        throw invalid(
          `line ${number} is not a JSON string: write one URI a line, such as "s3://bucket/path"`,
        );
      }
      strings.push(string);
    }
    yield strings;
  }
}

function stringOf(line: string): string | undefined {
  if (line.length > maxLineLength) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Lines as they are completed; the last one needs no line break. One that is too long comes early, and cut. */
async function* linesOf(
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly string[], void, undefined> {
  const decoder = new TextDecoder();
  let begun = '';
  for await (const chunk of input) {
    const lines = (begun + decoder.decode(chunk, { stream: true })).split('\n');
    begun = lines.pop() ?? '';
    if (begun.length > maxLineLength) lines.push(begun);
    yield lines;
  }
  begun += decoder.decode();
  if (begun !== '') yield [begun];
}
