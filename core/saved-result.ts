import { isRecord, type Json } from './json.ts';

/** What is stored for a task whose result an IO manager saved: where it is, in the manager's own words. */
export interface SavedResult {
  /** Name of the IO manager. */
  readonly manager: string;
  readonly reference: Json;
}

const mark = 'io_manager';

/** The JSON that stands for a saved result. */
export function toStoredResult({ manager, reference }: SavedResult): Json {
  return { [mark]: manager, reference };
}

/** What a stored result stands for; `undefined` when it is the result itself. */
export function savedResultOf(stored: Json | undefined): SavedResult | undefined {
  if (!isRecord(stored) || Object.keys(stored).length !== 2) return undefined;
  const { [mark]: manager, reference } = stored;
  return typeof manager === 'string' && reference !== undefined ? { manager, reference } : undefined;
}
