import type { TaskLog } from '../sdk/index.ts';

/** Lines that may come at once. */
export const burstLines = 2_000;
/** Lines a second that may come behind them. */
export const linesPerSecond = 100;
/** Text that is logged of one try. */
export const maxLoggedBytes = 8_388_608;
/** The last of the lines that were not logged, which are logged at the end: they say most. */
const lastLines = 20;

type Level = 'info' | 'warn';

/** Logs what a program writes, as much of it as a log can take. */
export interface OutputLog {
  line(level: Level, text: string): void;
  /** Says how much was not logged, and how it ended. */
  close(): void;
}

/** @param now - milliseconds that never go back */
export function createOutputLog(log: TaskLog, now: () => number): OutputLog {
  let room = burstLines;
  let at = now();
  let logged = 0;
  let dropped = { lines: 0, bytes: 0 };
  let last: { readonly level: Level; readonly text: string }[] = [];

  const admits = (bytes: number): boolean => {
    const then = at;
    at = now();
    room = Math.min(burstLines, room + ((at - then) / 1_000) * linesPerSecond);
    if (room < 1 || logged + bytes > maxLoggedBytes) return false;
    room -= 1;
    logged += bytes;
    return true;
  };
  const tellDropped = (): void => {
    if (dropped.lines === 0) return;
    log.warn('output not logged: there is too much of it', dropped);
    dropped = { lines: 0, bytes: 0 };
    last = [];
  };
  return {
    line(level, text) {
      const bytes = Buffer.byteLength(text);
      if (admits(bytes)) {
        tellDropped();
        log[level](text);
        return;
      }
      dropped = { lines: dropped.lines + 1, bytes: dropped.bytes + bytes };
      last = [...last.slice(1 - lastLines), { level, text }];
    },
    close() {
      const rest = last;
      const bytes = rest.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
      dropped = { lines: dropped.lines - rest.length, bytes: dropped.bytes - bytes };
      tellDropped();
      for (const { level, text } of rest) log[level](text);
    },
  };
}
