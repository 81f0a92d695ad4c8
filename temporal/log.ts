import { pino } from 'pino';
import type { Log } from './deps.ts';

const levels = new Set(['trace', 'debug', 'info', 'warn', 'error', 'silent']);

/** Log lines as JSON on standard output; `level` is the least that is written, `info` when it is none. */
export function createLog(name: string, level: string | undefined): Log {
  const logger = pino({ name, level: level !== undefined && levels.has(level) ? level : 'info' });
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
