import { declaredInlet } from '../activities/declared-inlet.ts';
import { eventToLoad } from '../activities/event-to-load.ts';
import type { Outbox } from '../activities/emitted.ts';
import { createReaders } from '../activities/event-readers.ts';
import { parseParams } from '../activities/task-code.ts';
import { meaning, sinceOf, timedOut } from '../activities/wait-for.ts';
import { TidegateError } from '../core/errors.ts';
import { parseDagId, parseRunId } from '../core/ids.ts';
import type { Json } from '../core/json.ts';
import { nothing } from '../core/saved-value.ts';
import type {
  AnySource,
  AssetReference,
  EmitNow,
  Load,
  TaskContext,
  TaskLog,
  WaitFor,
  WaitOptions,
} from '../sdk/index.ts';
import { TaskSkipped } from '../sdk/index.ts';
import { namedNeeds } from '../sdk/task.ts';
import type { Given } from './given.ts';
import type { Part, Play } from './play.ts';
import type { TestedLine } from './tested-run.ts';

/** What one try works with. */
export interface Trying {
  readonly number: number;
  readonly outbox: Outbox;
  readonly emitNow: EmitNow;
  readonly log: TestedLine[];
  /** What the try before left to go on from. */
  readonly left: { details: Json | null };
}

/** What a task's function receives, as a worker would give it. */
export function testedContext(play: Play, part: Part, trying: Trying): TaskContext<object> {
  const { run, book, given, triggered } = play;
  const { task, code, results, item, mapIndex, cause } = part;
  const dagId = parseDagId(play.dagId);
  const { inlets } = code;
  const details = trying.left.details;
  let calls = 0;
  const waitFor = async (wanted: AnySource | AssetReference, options: WaitOptions = {}) => {
    const inlet = declaredInlet(inlets, wanted);
    const sinceAt = sinceOf({ runAt: play.clock.now() }, options);
    const found = book.find(inlet, meaning(options, sinceAt));
    if (found === undefined) throw timedOut(inlet, options);
    return found;
  };
  const readers = { events: book.consumed, inlets: createReaders(inlets, book.open) };
  const load = async (from: unknown): Promise<unknown> => {
    const { seq, asset } = await eventToLoad(readers, from);
    const saved = book.savedAt(seq);
    if (saved !== undefined) return saved;
    throw nothing(`event ${seq} of ${asset.name} has no value: give it one with 'saved'`);
  };
  return {
    ...{ dagId, runId: parseRunId(dagId, 'in_process'), taskId: task.id, try: trying.number, run },
    tags: code.tags,
    params: parseParams(code, run.conf),
    needs: Object.fromEntries(
      Object.entries(namedNeeds(code)).flatMap(([name, id]) =>
        Object.hasOwn(results, id) ? [[name, results[id]]] : [],
      ),
    ),
    ...(mapIndex === undefined ? {} : { item, mapIndex }),
    ...(cause === undefined ? {} : { cause }),
    resources: servicesOf(part, given),
    ...readers,
    load: load as Load,
    waitFor: waitFor as WaitFor,
    triggerRun: async (id, conf = {}) => {
      calls += 1;
      triggered.push({ dagId: id, conf });
      const state = given.triggered?.[id] ?? 'success';
      return { dagId: id, runId: `in_process_${calls}`, state, reason: null, isNew: true };
    },
    emit: trying.outbox.emit,
    emitNow: trying.emitNow,
    log: logInto(trying.log),
    progress: () => undefined,
    heartbeat: (said) => void (trying.left.details = said),
    heartbeatDetails: details,
    signal: new AbortController().signal,
    skip(reason) {
      throw new TaskSkipped(reason);
    },
  };
}

/** In process nothing is set up: whoever tests gives the services. */
function servicesOf({ code, task }: Part, { resources = {} }: Given): object {
  const missing = Object.keys(code.resources).find((name) => !Object.hasOwn(resources, name));
  if (missing === undefined) return resources;
  throw new TidegateError(
    'invalid_input',
    `task ${task.id} needs resource '${missing}': give it a service in 'resources'`,
  );
}

function logInto(lines: TestedLine[]): TaskLog {
  const add =
    (level: TestedLine['level']) =>
    (message: string, fields: object = {}): void =>
      void lines.push({ level, message, fields });
  return { debug: add('debug'), info: add('info'), warn: add('warn'), error: add('error') };
}
