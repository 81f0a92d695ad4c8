import { pino } from 'pino';
import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import type { Log } from './deps.ts';

const levels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];

/**
 * Log lines as JSON on standard output.
 * @param level - the least that is written, as `TIDEGATE_LOG_LEVEL` has it; `info` when it is not set
 * @param redact - takes out of each line what nobody may see
 * @throws TidegateError `invalid_environment` when there is no such level
 */
export function createLog(name: string, level: string | undefined, redact?: (line: string) => string): Log {
  if (level !== undefined && !levels.includes(level)) {
    throw new TidegateError(
      'invalid_environment',
      `TIDEGATE_LOG_LEVEL ${quote(level)} is not valid: use one of ${levels.join(', ')}`,
    );
  }
  const options = { name, level: level ?? 'info' };
  const write = (line: string): boolean => process.stdout.write(redact?.(line) ?? line);
  const logger = redact === undefined ? pino(options) : pino(options, { write });
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
