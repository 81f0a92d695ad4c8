import { TidegateError } from '../core/errors.ts';
import { toStorableJson } from '../core/json.ts';
import type { Heartbeat, Progress } from '../sdk/index.ts';
import { redactor } from '../sdk/secrets.ts';
import type { Db } from '../store/database.ts';
import type { TaskTry } from '../store/recording.ts';
import { type TaskProgress, writeProgress } from '../store/task-progress.ts';

/** A running try is written down once in so long, however often it speaks. */
const everyMs = 1_000;
const maxNoteLength = 200;
/** Largest details, as JSON. */
const maxDetailsBytes = 64 * 1_024;

/** What one try says about how far it is. Writing goes on behind the author's back, and never fails the task. */
export interface ProgressWriter {
  readonly progress: Progress;
  readonly heartbeat: Heartbeat;
  /** Writes what was said last. */
  close(): Promise<void>;
}

export function createProgressWriter(
  db: Db,
  tried: TaskTry,
  warn: (message: string, fields: object) => void,
): ProgressWriter {
  let said: TaskProgress = {};
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();
  let isClosed = false;

  const write = async (): Promise<void> => {
    const telling = said;
    if (Object.keys(telling).length === 0) return;
    said = {};
    try {
      await writeProgress(db, tried, telling);
    } catch (error) {
      said = { ...telling, ...said };
      warn('task progress not written yet', { ...tried, error: String(error) });
    }
  };
  const say = (more: TaskProgress): void => {
    // Code that was given up on may go on speaking.
    if (isClosed) return;
    said = { ...said, ...more };
    timer ??= setInterval(() => {
      writing = writing.then(write);
    }, everyMs);
  };

  return {
    progress(fraction, note = '') {
      if (!(fraction >= 0 && fraction <= 1))
        throw new TidegateError('invalid_input', `progress ${String(fraction)} is not valid: use 0 to 1`);
      const text = redactor().text(String(note)).slice(0, maxNoteLength).replaceAll('\u0000', '');
      say({ progress: fraction, note: text === '' ? null : text });
    },
    heartbeat(details) {
      const text = redactor().jsonText(toStorableJson(details, 'heartbeat details'));
      const bytes = Buffer.byteLength(text);
      if (bytes > maxDetailsBytes)
        throw new TidegateError(
          'invalid_input',
          `heartbeat details are ${bytes} bytes as JSON, ${maxDetailsBytes} are allowed: store the data elsewhere and keep a reference`,
        );
      say({ heartbeatDetails: text });
    },
    async close() {
      isClosed = true;
      clearInterval(timer);
      await writing;
      await write();
    },
  };
}
