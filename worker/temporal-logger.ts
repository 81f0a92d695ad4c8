import { DefaultLogger, type LogEntry } from '@temporalio/worker';
import type { Log } from '../temporal/deps.ts';

const quieter = { TRACE: 'debug', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;

/** Temporal's own log lines among ours. What it calls information is detail to us; what workflows log stays as it is. */
export function temporalLogger(log: Log): DefaultLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }: LogEntry) => {
    const isOurs = meta?.['sdkComponent'] === 'workflow' || meta?.['sdkComponent'] === 'activity';
    const as = isOurs && level === 'INFO' ? 'info' : quieter[level];
    log[as](message, meta);
  });
}
