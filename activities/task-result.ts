import { TidegateError } from '../core/errors.ts';
import { toStorableJson } from '../core/json.ts';
import { savedResultOf } from '../core/saved-result.ts';
import { redactor } from '../sdk/secrets.ts';
import type { TaskLog } from '../sdk/index.ts';

/** Largest result, as JSON. */
const maxResultBytes = 256 * 1_024;

/**
 * The stored form of what a task returned, without secrets.
 * @throws TidegateError `invalid_input` when it cannot be stored, or is above 256 KiB as JSON
 */
export function storableResult(result: unknown, log: TaskLog): string | null {
  if (result === undefined || result === null) return null;
  const written = toStorableJson(result, "the task's result");
  const text = redactor().jsonText(written);
  if (text !== written)
    log.warn('a secret was taken out of the result: tasks that need it get *** in its place');
  const bytes = Buffer.byteLength(text);
  if (bytes > maxResultBytes) {
    const saved = savedResultOf(JSON.parse(text));
    const [what, remedy] =
      saved === undefined
        ? ["the task's result", "give the task an IO manager, such as { io: jsonFiles({ folder: '…' }) }"]
        : [`the reference of IO manager '${saved.manager}'`, 'return where the value is, not the value'];
    throw new TidegateError(
      'invalid_input',
      `${what} is ${bytes} bytes as JSON, ${maxResultBytes} are allowed: ${remedy}`,
    );
  }
  return text;
}
