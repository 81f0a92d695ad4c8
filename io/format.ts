import { TidegateError } from '../core/errors.ts';

/** How values become bytes: JSON, UTF-8 text, or bytes as they are. */
export type Format = 'json' | 'text' | 'binary';

export const extensions: Readonly<Record<Format, string>> = { json: 'json', text: 'txt', binary: 'bin' };

/** @throws TidegateError `invalid_input` when the value has no such form */
export function toBytes(value: unknown, format: Format): Uint8Array {
  if (format === 'binary') {
    if (value instanceof Uint8Array) return value;
    throw refused(value, 'a Buffer or another Uint8Array', format);
  }
  if (format === 'text') {
    if (typeof value === 'string') return Buffer.from(value);
    throw refused(value, 'a text', format);
  }
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw refused(value, 'a value that has a JSON form', format);
  return Buffer.from(text);
}

export function fromBytes(bytes: Buffer, format: Format): unknown {
  if (format === 'binary') return bytes;
  const text = bytes.toString();
  return format === 'text' ? text : JSON.parse(text);
}

function refused(value: unknown, what: string, format: Format): TidegateError {
  return new TidegateError(
    'invalid_input',
    `a result of type ${typeof value} cannot be saved as ${format}: return ${what}`,
  );
}
