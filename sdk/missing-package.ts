import { isRecord } from '../core/json.ts';

/** Whether an import failed because Node found no such package. */
export function isMissingPackage(error: unknown): boolean {
  const code = isRecord(error) ? error['code'] : undefined;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}
