/** Classes and codes of SQLSTATE by which Postgres says that it cannot serve now. */
const outageStates = /^(?:08...|57P0[1-5]|53...|28...|3D000|58...)$/;
const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** The driver's own failures have no code. */
const outageMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout)/;

/**
 * Why Postgres could not serve a statement, in one line.
 * @returns `undefined` when the failure is of the statement itself
 */
export function outageOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  if (code === '42P01' || code === '3F000') return 'its schema is missing or not migrated';
  const isOutage = outageStates.test(code) || outageCodes.has(code) || outageMessages.test(message);
  return isOutage ? message.split('\n', 1)[0] || code : undefined;
}
