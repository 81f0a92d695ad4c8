/** Classes and codes of SQLSTATE by which Postgres says that it cannot serve now. */
const outageStates = /^(?:08...|57P0[1-5]|53...|28...|3D000|58...)$/;
/** A statement that lost against others and may win next time: serialization, deadlock, lock not available, cancelled. */
const contentionStates = new Set(['40001', '40P01', '55P03', '57014']);
const outageCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_DESTROYED',
]);
/** The driver's own failures have no code. */
const outageMessages =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout)/;

/**
 * Why Postgres could not serve a statement, in one line.
 * @returns `undefined` when the failure is of the statement itself
 */
export function outageOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = codeOf(error);
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  if (code === '42P01' || code === '3F000') return 'its schema is missing or not migrated';
  const isOutage = outageStates.test(code) || outageCodes.has(code) || outageMessages.test(message);
  return isOutage ? message.split('\n', 1)[0] || code : undefined;
}

/** Whether the same statement may succeed later, unchanged: Postgres is away, or others were in its way. */
export function isPassing(error: unknown): boolean {
  return outageOf(error) !== undefined || contentionStates.has(codeOf(error));
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
