import type { AnySource, TaskContext } from '../../sdk/index.ts';
import type { Call, Reply } from './messages.ts';
import { toWire } from './wire-errors.ts';
import { fromWireArguments } from './wire-sources.ts';

/** Calls that make a list, which stays here under a number. */
const making: ReadonlySet<string> = new Set([
  ...['of', 'all', 'slice', 'after', 'before', 'where', 'limit', 'ascending', 'descending'],
]);
const reading: ReadonlySet<string> = new Set(['at', 'toArray', 'count', 'first', 'last']);

/** Does on a task's context what its process asks for. */
export interface ServedContext {
  /** What can be answered at once. */
  now(call: Call): Reply;
  later(call: Call): Promise<Reply>;
}

/** @param own - outlets and inlets of the task */
export function serveContext(context: TaskContext<object>, own: readonly AnySource[]): ServedContext {
  const { events, inlets, emit, emitNow, waitFor, triggerRun, progress, heartbeat, log } = context;
  const task = { ...log, emit, emitNow, waitFor, triggerRun, progress, heartbeat, via: emit.via };
  const lists: object[] = [];
  const targetOf = ({ on }: Call): object | undefined =>
    typeof on === 'number' ? lists[on] : { task, events, inlets }[on];
  const invoke = (call: Call): unknown => {
    const { on, method, args } = call;
    const target = targetOf(call);
    const isKnown = on === 'task' ? Object.hasOwn(task, method) : making.has(method) || reading.has(method);
    const found: unknown = target === undefined || !isKnown ? undefined : Reflect.get(target, method);
    if (typeof found !== 'function') throw new TypeError(`${method} is not a function`);
    return Reflect.apply(found, target, fromWireArguments(args, own));
  };
  return {
    now(call) {
      return replyOf(() => {
        const made = invoke(call);
        if (call.on === 'task' || !making.has(call.method)) return undefined;
        if (typeof made === 'object' && made !== null) lists.push(made);
        return lists.length - 1;
      });
    },
    async later(call) {
      try {
        return { kind: 'value', value: await invoke(call) };
      } catch (error) {
        return { kind: 'thrown', error: toWire(error) };
      }
    },
  };
}

function replyOf(answer: () => unknown): Reply {
  try {
    return { kind: 'value', value: answer() };
  } catch (error) {
    return { kind: 'thrown', error: toWire(error) };
  }
}
