import { checkedExtra } from '../../activities/emitted-extra.ts';
import { TidegateError } from '../../core/errors.ts';
import {
  type AnyAsset,
  type EmitOptions,
  type TaskContext,
  type TaskDefinition,
  type TaskLog,
  TaskSkipped,
} from '../../sdk/index.ts';
import { isAsset } from '../../sdk/source.ts';
import type { Channel } from './channel.ts';
import type { ContextData } from './messages.ts';
import { remoteList } from './remote-list.ts';

/** The context of an isolated task: its data is here, what it does is done by the worker. */
export function remoteContext(
  channel: Channel,
  data: ContextData,
  { params }: TaskDefinition,
): TaskContext<object> {
  const call =
    (method: string) =>
    (...args: readonly unknown[]): unknown =>
      channel.call('task', method, ...args);
  const via = (through: unknown, asset: AnyAsset, event: EmitOptions<object> = {}): void => {
    // The worker does not have its schema, where it is no outlet.
    const extra = isAsset(asset) ? { extra: checkedExtra(asset, event.extra ?? {}) } : {};
    channel.call('task', 'via', through, asset, { ...event, ...extra });
  };
  const level =
    (name: keyof TaskLog) =>
    (message: string, fields?: object): void =>
      channel.tell('task', name, message, plain(fields));
  const context = {
    ...data,
    params: params === undefined ? data.run.conf : params.parse(data.run.conf),
    signal: channel.signal,
    resources: {},
    events: {
      of: (source: unknown) => remoteList(channel, 'events', 'of', [source]),
      all: () => remoteList(channel, 'events', 'all', []),
    },
    inlets: { of: (source: unknown) => remoteList(channel, 'inlets', 'of', [source]) },
    load: async () => {
      throw new TidegateError(
        'invalid_definition',
        "the task is isolated, and IO managers load in the process of the worker: load it in a task before, or leave 'isolate' out",
      );
    },
    waitFor: (...args: readonly unknown[]) => channel.ask('task', 'waitFor', ...args),
    triggerRun: (...args: readonly unknown[]) => channel.ask('task', 'triggerRun', ...args),
    emit: Object.assign(call('emit'), { via }),
    emitNow: (...args: readonly unknown[]) => channel.ask('task', 'emitNow', ...args),
    log: { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') },
    progress: call('progress'),
    heartbeat: call('heartbeat'),
    skip(reason: string): never {
      throw new TaskSkipped(reason);
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- calls of the same names on the context itself, which checks them
  return context as unknown as TaskContext<object>;
}

/** As the log writes them; a line is never a reason to fail. */
function plain(fields: object = {}): unknown {
  try {
    return JSON.parse(JSON.stringify(fields));
  } catch (error) {
    return { unwritable: error instanceof Error ? error.message : String(error) };
  }
}
