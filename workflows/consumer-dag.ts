import {
  allHandlersFinished,
  condition,
  continueAsNew,
  log,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { consumerDetails } from '../core/consumer-details.ts';
import { unreachable } from '../core/errors.ts';
import type { Slot } from '../core/slot.ts';
import { createAlarm } from './alarm.ts';
import { nextAlarmAt, takeDue, takeTime } from './take-time.ts';
import { takeClear, takeClosed, takeEvents, takePause, takeRequest } from './take-messages.ts';
import { begin, type Life, nextStep, stepped } from './life.ts';
import { checkpoint } from './local-activities.ts';
import {
  type AssetEvents,
  assetEventsSignal,
  type ClearQueueInput,
  type ClearQueueResult,
  clearQueueUpdate,
  deadlineSignal,
  type ConsumerDagInput,
  gateQuery,
  isAssetEvents,
  isClearQueueInput,
  isSlots,
  pauseUpdate,
  resumeUpdate,
  runClosedSignal,
  runRequestedSignal,
} from './messages.ts';
import { makeFindable } from './search-attributes.ts';
import { createRunStarter, type RunStarter } from './run-starter.ts';

type Message =
  | { readonly kind: 'events'; readonly events: AssetEvents }
  | { readonly kind: 'run requested' }
  | { readonly kind: 'runs closed'; readonly slots: readonly Slot[] }
  | { readonly kind: 'deadline'; readonly dueAt: number }
  | { readonly kind: 'pause'; readonly isPaused: boolean; readonly done: () => void }
  | {
      readonly kind: 'clear';
      readonly wish: ClearQueueInput;
      readonly done: (result: ClearQueueResult) => void;
    };

/** The door of one DAG: counts what arrives, and opens a run whenever its gate and a free slot allow. */
export async function consumerDag({ dagId }: ConsumerDagInput): Promise<void> {
  // Handlers only take note; the loop acts on one thing at a time, so no await ever races a signal.
  // Declared first: signals that came early run inside setHandler.
  const inbox: Message[] = [];
  const runs = createRunStarter();
  listen(inbox);
  let life: Life | null = null;
  setHandler(gateQuery, () => life?.consumer ?? null);

  life = await begin(runs, dagId);
  let shown = show(life, undefined);
  const alarm = createAlarm('something is due by time');

  // Once its history is long it serves only those who wait for an answer: the rest comes again to the next one.
  const isLong = () => workflowInfo().continueAsNewSuggested;
  const nextWork = () => {
    const serves = isLong() && life?.isOver === false ? isAwaited : () => true;
    const isInsideBatch = life?.consumer.gate.midBatch === true;
    return inbox.findIndex((message) => serves(message) && !(isInsideBatch && isAwaited(message)));
  };
  const hasWork = () => nextWork() >= 0;
  const isDone = () =>
    (isLong() || life?.isOver === true) && !hasWork() && runs.haveAllStarted() && allHandlersFinished();
  let isStored = false;
  for (;;) {
    alarm.setTo(nextAlarmAt(life));
    await condition(() => hasWork() || isDone() || alarm.isRinging());
    while (hasWork()) {
      for (const message of inbox.splice(nextWork(), 1)) life = await take(runs, life, message);
    }
    alarm.setTo(nextAlarmAt(life));
    if (alarm.isRinging() && !isDone()) life = await takeTime(runs, life);
    shown = show(life, shown);
    if (!isDone()) continue;
    if (life.isOver) return;
    if (isStored) return continueAsNew<typeof consumerDag>({ dagId });
    life = await store(life);
    isStored = true;
    // Temporal refuses to end a workflow during whose last task a signal came, so that task has nothing to do but end.
    await sleep('1 millisecond', { summary: 'continues as new' });
  }
}

function isAwaited({ kind }: Message): boolean {
  return kind === 'pause' || kind === 'clear';
}

/** Inside a batch the last checkpoint stands: what came since is sent again, from the batch's beginning. */
async function store(life: Life): Promise<Life> {
  const { gate } = life.consumer;
  if (gate.midBatch) return life;
  await checkpoint({ ...nextStep(life), version: life.definition.version, gate });
  return stepped(life);
}

function listen(inbox: Message[]): void {
  setHandler(assetEventsSignal, (events: unknown) => {
    if (isAssetEvents(events)) inbox.push({ kind: 'events', events });
    else log.warn('malformed assetEvents signal dropped');
  });
  setHandler(runRequestedSignal, () => {
    // Whoever lets runs in looks for all that wait.
    if (!inbox.some(({ kind }) => kind === 'run requested')) inbox.push({ kind: 'run requested' });
  });
  setHandler(runClosedSignal, (slots: unknown) => {
    if (isSlots(slots)) inbox.push({ kind: 'runs closed', slots });
    else log.warn('malformed runClosed signal dropped');
  });
  setHandler(deadlineSignal, (dueAt: unknown) => {
    if (typeof dueAt === 'number' && Number.isSafeInteger(dueAt)) inbox.push({ kind: 'deadline', dueAt });
    else log.warn('malformed deadline signal dropped');
  });
  const setPaused = (isPaused: boolean) =>
    new Promise<{ isPaused: boolean }>((resolve) => {
      inbox.push({ kind: 'pause', isPaused, done: () => resolve({ isPaused }) });
    });
  setHandler(pauseUpdate, () => setPaused(true));
  setHandler(resumeUpdate, () => setPaused(false));
  setHandler(
    clearQueueUpdate,
    (wish) => new Promise((done) => void inbox.push({ kind: 'clear', wish, done })),
    {
      validator: (wish: unknown) => {
        if (!isClearQueueInput(wish))
          throw new TypeError(
            "clearQueue takes { leaves: null or names, before: null or epoch milliseconds, who: 'name' }",
          );
      },
    },
  );
}

async function take(runs: RunStarter, life: Life, message: Message): Promise<Life> {
  switch (message.kind) {
    case 'events':
      return { ...(await takeEvents(runs, life, message.events)), behindUntil: 0 };
    case 'run requested':
      return takeRequest(runs, life);
    case 'runs closed':
      return takeClosed(runs, life, message.slots);
    case 'deadline':
      return takeDue(runs, life, message.dueAt);
    case 'pause': {
      const next = await takePause(runs, life, message.isPaused);
      message.done();
      return next;
    }
    case 'clear': {
      const { life: next, cleared } = await takeClear(runs, life, message.wish);
      message.done({ cleared });
      return next;
    }
    default:
      return unreachable(message);
  }
}

/** Puts into the Web UI what the consumer waits for, and indexes it by its assets when they changed. @returns the version shown */
function show(life: Life, before: number | undefined): number {
  const { dagId, consumer, definition, searchAttributes, isOver } = life;
  setCurrentDetails(isOver ? 'The DAG was removed.' : consumerDetails(consumer, definition));
  if (definition.version !== before) {
    makeFindable(searchAttributes, { TidegateDag: dagId, TidegateAssets: assetsOf(life) });
  }
  return definition.version;
}

function assetsOf({ definition }: Life): readonly string[] {
  return Object.values(definition.assets).map(({ name }) => name);
}
