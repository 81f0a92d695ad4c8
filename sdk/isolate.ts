import { parseByteSize } from '../core/byte-size.ts';
import { type Duration, parseDuration } from '../core/duration.ts';
import { TidegateError } from '../core/errors.ts';
import { isRecord, shown } from '../core/json.ts';

/** How the process of an isolated task is bounded. */
export interface IsolateOptions {
  /** What its process may use, at least `'256 MiB'`, which is what an empty one and some work need. @defaultValue `'1 GiB'` */
  readonly memory?: string;
  /** How long after it was told to stop it is killed, at most `'9s'`. @defaultValue `'5s'` */
  readonly grace?: Duration;
}

/** The same in bytes and milliseconds. */
export interface Isolation {
  readonly memoryBytes: number;
  readonly graceMs: number;
}

const leastMemoryBytes = 268_435_456;
/** Less than a task that was told to stop is given. */
const longestGraceMs = 9_000;

/**
 * How a task is isolated; nothing where it is not.
 * @throws TidegateError `invalid_definition` when it is neither a boolean nor options within their bounds
 */
export function parseIsolation(isolate: boolean | IsolateOptions | undefined): Isolation | undefined {
  if (isolate === undefined || isolate === false) return undefined;
  const options: IsolateOptions = isolate === true ? {} : isolate;
  if (!isRecord(options))
    throw refused(`isolate ${shown(isolate)} is not valid: write true, or { memory: '512 MiB' }`);
  const { memory = '1 GiB', grace = '5s' }: IsolateOptions = options;
  const [memoryBytes, graceMs] = [parseByteSize(memory), parseDuration(grace)];
  if (memoryBytes < leastMemoryBytes)
    throw refused(`memory ${shown(memory)} of isolate is too little: use at least '256 MiB'`);
  if (graceMs > longestGraceMs)
    throw refused(`grace ${shown(grace)} of isolate is too long: use at most '9s'`);
  return { memoryBytes, graceMs };
}

function refused(reason: string): TidegateError {
  return new TidegateError('invalid_definition', reason);
}
