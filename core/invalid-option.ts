import { TidegateError } from './errors.ts';
import { shown } from './json.ts';

/** Says of what an author wrote where it stands, what it is, and what to write instead. */
export function invalidOption(name: string, value: unknown, remedy: string): TidegateError {
  return new TidegateError('invalid_definition', `${name} ${shown(value)} is not valid: ${remedy}`);
}
