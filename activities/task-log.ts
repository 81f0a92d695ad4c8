import { type Json, type JsonObject, toStorableJson } from '../core/json.ts';
import type { TaskLog } from '../sdk/index.ts';
import { redactor } from '../sdk/secrets.ts';
import type { Db } from '../store/database.ts';
import type { TaskTry } from '../store/recording.ts';
import type { LogLevel } from '../store/run-tables.ts';
import { appendLog, type LogLine } from '../store/task-logs.ts';

const flushEveryMs = 500;
/** Longest line; what is beyond it is cut. */
const maxLineLength = 16_384;
/** Lines kept while Postgres is away; older ones are dropped, and that is said. */
const maxWaiting = 10_000;

/** The log of one try: lines are written behind the author's back, twice a second and at the end. */
export interface BufferedLog extends TaskLog {
  /** Writes what is left; a log that cannot be written does not fail the task. */
  close(): Promise<void>;
}

export function createTaskLog(
  db: Db,
  tried: TaskTry,
  { now, warn }: { readonly now: () => number; readonly warn: (message: string, fields: object) => void },
): BufferedLog {
  let waiting: LogLine[] = [];
  let dropped = 0;
  const write = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    try {
      await appendLog(db, tried, lines);
    } catch (error) {
      dropped += Math.max(0, lines.length + waiting.length - maxWaiting);
      waiting = [...lines, ...waiting].slice(-maxWaiting);
      warn('task log not written yet', { ...tried, dropped, error: String(error) });
    }
  };
  let writing = Promise.resolve();
  const timer = setInterval(() => {
    if (waiting.length > 0) writing = writing.then(write);
  }, flushEveryMs);
  const add =
    (level: LogLevel) =>
    (message: string, fields: object = {}) => {
      waiting.push({ at: new Date(now()), level, message: plain(message), fields: plainFields(fields) });
    };
  return {
    debug: add('debug'),
    info: add('info'),
    warn: add('warn'),
    error: add('error'),
    async close() {
      clearInterval(timer);
      await writing;
      if (waiting.length > 0) await write();
    },
  };
}

/** Postgres stores no NUL; a line is never a reason to fail. */
function plain(message: unknown): string {
  // Cut first, half a secret would stay.
  return redactor().text(String(message)).slice(0, maxLineLength).replaceAll('\u0000', '');
}

function plainFields(fields: object): JsonObject {
  try {
    const text = redactor().jsonText(toStorableJson(fields, 'log fields'));
    const parsed: Json = JSON.parse(text);
    if (
      text.length <= maxLineLength &&
      typeof parsed === 'object' &&
      parsed !== null &&
      !Array.isArray(parsed)
    ) {
      return parsed as JsonObject;
    }
    return { cut: text.slice(0, maxLineLength) };
  } catch (error) {
    return { unwritable: plain(error instanceof Error ? error.message : error) };
  }
}
