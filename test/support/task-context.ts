import { parseDagId, parseRunId, parseTaskId } from '../../core/ids.ts';
import type { AssetEvent } from '../../core/asset-event.ts';
import { createEventList } from '../../activities/event-list.ts';
import type { AnyAsset, AnySource, EmitOptions, EventList, TaskContext } from '../../sdk/index.ts';
import { TaskSkipped } from '../../sdk/index.ts';

/** What a task said while it ran with a context made by hand. */
export interface Said {
  readonly emitted: { readonly asset: AnyAsset; readonly extra: object | undefined }[];
  readonly logged: { readonly message: string; readonly fields: object | undefined }[];
}

/** A context for running a task's function without a worker; `events` are those that started its run. */
export function aTaskContext({
  needs = {},
  events = [],
}: { readonly needs?: object; readonly events?: readonly AssetEvent[] } = {}): {
  readonly context: TaskContext<object>;
  readonly said: Said;
} {
  const said: Said = { emitted: [], logged: [] };
  const dagId = parseDagId('a_dag');
  const log = (message: string, fields?: object): void => void said.logged.push({ message, fields });
  const context: TaskContext<object> = {
    dagId,
    runId: parseRunId(dagId, 'a_run'),
    taskId: parseTaskId('a_task'),
    try: 1,
    run: {
      trigger: 'asset',
      attempt: 1,
      logicalAt: null,
      dataIntervalStartAt: null,
      dataIntervalEndAt: null,
      ticks: [],
      missing: [],
      partitionKey: null,
      conf: {},
    },
    tags: [],
    progress: () => undefined,
    heartbeat: () => undefined,
    heartbeatDetails: null,
    params: {},
    needs,
    resources: {},
    events: {
      of: <Extra extends object>(source: AnySource) =>
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test knows what its events carry
        listOf(events.filter((event) => event.asset.name === source.name)) as unknown as EventList<Extra>,
      all: () => listOf(events),
    },
    inlets: { of: notHere },
    waitFor: notHere,
    load: notHere,
    triggerRun: notHere,
    emit: Object.assign(
      (asset: AnySource, ...[event]: readonly [EmitOptions<object>?]) =>
        void said.emitted.push({ asset: asset as AnyAsset, extra: event?.extra }),
      {
        via: (_: unknown, asset: AnyAsset, ...[event]: readonly [EmitOptions<object>?]) =>
          void said.emitted.push({ asset, extra: event?.extra }),
      },
    ),
    emitNow: async (asset: AnySource, ...[event]: readonly [EmitOptions<object>?]) =>
      void said.emitted.push({ asset: asset as AnyAsset, extra: event?.extra }),
    log: { debug: log, info: log, warn: log, error: log },
    signal: new AbortController().signal,
    skip: (reason) => {
      throw new TaskSkipped(reason);
    },
  };
  return { context, said };
}

/** Read as a worker reads them, from an array instead of Postgres. */
function listOf(events: readonly AssetEvent[]): EventList {
  return createEventList({
    count: async () => events.length,
    async read({ newestFirst, beyond, skip, limit }) {
      const inOrder = newestFirst ? events.toReversed() : events;
      const start = beyond === undefined ? 0 : inOrder.findIndex(({ seq }) => seq === beyond) + 1;
      return inOrder.slice(start + skip, start + skip + limit);
    },
  });
}

const notHere = (): never => {
  throw new Error('a context made by hand has no log to read from');
};
