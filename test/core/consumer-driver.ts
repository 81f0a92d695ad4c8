import type { Seq } from '../../core/asset-event.ts';
import { type Delivery, unpackBatch } from '../../core/batch.ts';
import type { LeafId } from '../../core/leaves.ts';
import { leavesOf } from '../../core/condition.ts';
import {
  type AskedRun,
  type Consumer,
  decide,
  takeBatches,
  withRun,
  withoutRuns,
} from '../../core/consumer.ts';
import { unreachable } from '../../core/errors.ts';
import { arrival, type Gate, type MessageRange, pauseGate, type Taken } from '../../core/gate.ts';
import { takeAll, takeLeaves } from '../../core/gate-take.ts';
import { emptyGate, redefine } from '../../core/gate-terms.ts';
import { maxMessageBytes, type Message, toMessages } from '../../core/message.ts';
import { aRunId, throughJson } from '../support/core.ts';
import type { Control, LogEntry, Outcome, Sending, Terms, TraceStep } from './consumer-story.ts';

type Sent = Message & {
  readonly epoch: number;
  readonly version: number;
  readonly definition: number | null;
};
interface Checkpoint {
  readonly gate: Gate;
  readonly version: number;
}
interface LoggedEvent extends Omit<Delivery, 'leaf'> {
  readonly leaf: LeafId | null;
}

/**
 * A log with one consumer on it, as the store, the dispatchers and the consumer's workflow act together.
 * `joined` sends so many messages as one where they may be, so that parts of a batch also come together with other batches.
 */
export function startConsumer(first: Terms, { maxBytes = maxMessageBytes, joined = 1 } = {}) {
  const events: LoggedEvent[] = [];
  const versions: { readonly seq: Seq; readonly terms: Terms }[] = [{ seq: 0, terms: first }];
  const trace: TraceStep[] = [];
  let head: Seq = 0;

  // What the store keeps.
  let sent: Seq = 0;
  let epoch = 1;
  let checkpoint = JSON.stringify({
    gate: emptyGate({ condition: first.condition }, 0),
    version: 0,
  } satisfies Checkpoint);
  let requested = 0;
  const outcome = {
    runs: [] as Outcome['runs'][number][],
    admitted: [] as string[],
    cleared: [] as (readonly Taken[])[],
    dropped: [] as (readonly Taken[])[],
    ignored: [] as MessageRange[],
  };

  // What the workflow keeps.
  let version = 0;
  let consumer: Consumer = {
    gate: emptyGate({ condition: first.condition }, 0),
    isPaused: false,
    maxActiveRuns: first.maxActiveRuns,
    activeRuns: [],
    hasRequests: false,
    requestedRunsConsume: first.requestedRunsConsume ?? false,
  };

  const outboxes = new Map<number, Sent[]>();
  const waiting: Control[] = [];

  const termsOf = (of: number): Terms => versions[of]?.terms ?? first;

  const store = (gate: Gate): void => {
    checkpoint = JSON.stringify({ gate, version } satisfies Checkpoint);
  };

  const settle = (): void => {
    for (;;) {
      consumer = throughJson(consumer);
      const { activeRuns } = consumer;
      const decision = decide(consumer);
      if (decision.kind === 'wait') return;
      if (consumer.isPaused || activeRuns.length >= consumer.maxActiveRuns)
        throw new Error('no slot is free');
      if (decision.kind === 'admit') {
        const runId = requested > 0 ? aRunId(`manual__${outcome.admitted.length + 1}`) : null;
        requested = Math.max(0, requested - 1);
        if (runId === null) consumer = { ...consumer, hasRequests: false };
        else {
          outcome.admitted.push(runId);
          const { taken, gate } = decision;
          if (taken.length > 0) open([{ runId, taken }], gate);
          consumer = withRun({ ...consumer, gate, hasRequests: requested > 0 }, runId);
        }
        continue;
      }
      if (decision.kind !== 'open') throw new Error('its runs take all');
      open([decision.run], decision.gate);
      consumer = withRun({ ...consumer, gate: decision.gate }, decision.run.runId);
    }
  };

  const open = (asked: readonly AskedRun[], gate: Gate): void => {
    for (const run of asked) {
      if (outcome.runs.some(({ runId }) => runId === run.runId))
        throw new Error(`run ${run.runId} exists already`);
      outcome.runs.push(run);
    }
    if (gate.midBatch) throw new Error('stored inside a batch');
    store(gate);
  };

  const claim = (): void => {
    note({ kind: 'claim' });
    const { gate, version: stored }: Checkpoint = JSON.parse(checkpoint);
    epoch += 1;
    sent = gate.watermark;
    version = stored;
    consumer = {
      ...consumer,
      gate,
      maxActiveRuns: termsOf(stored).maxActiveRuns,
      requestedRunsConsume: termsOf(stored).requestedRunsConsume ?? false,
      hasRequests: requested > 0,
    };
    settle();
  };

  const take = (message: Sent): void => {
    if (message.epoch < epoch) return;
    const standing = arrival(consumer.gate, message);
    if (standing === 'old') return;
    if (standing === 'astray' || message.version !== version) return claim();
    if (message.definition !== null) {
      const { condition, maxActiveRuns, requestedRunsConsume = false } = termsOf(message.definition);
      const { gate, dropped } = redefine(consumer.gate, { condition }, message.upTo);
      version = message.definition;
      if (dropped.length > 0) outcome.dropped.push(dropped);
      store(gate);
      consumer = { ...consumer, gate, maxActiveRuns, requestedRunsConsume };
      return settle();
    }
    let rest = message.batches.map(unpackBatch);
    do {
      const taken = takeBatches(consumer, rest, message);
      if (taken.asked.length > 0) open(taken.asked, taken.gate);
      consumer = taken.consumer;
      settle();
      rest = [...taken.rest];
    } while (rest.length > 0);
  };

  const pause = (isPaused: boolean): void => {
    const { whilePaused = 'keep' } = termsOf(version);
    const { gate, ignored } = pauseGate(consumer.gate, { isPaused, whilePaused, at: head });
    if (ignored !== null) outcome.ignored.push(ignored);
    consumer = { ...consumer, isPaused, gate };
    store(consumer.gate);
  };

  const send = (message: Sent): void => {
    take(throughJson(message));
    if (!message.more && message.epoch === epoch) sent = Math.max(sent, message.upTo);
    tellWaiting();
  };

  const note = (control: Control): void => {
    trace.push({ kind: 'reached', seq: consumer.gate.watermark }, { kind: 'head', seq: head }, control);
  };

  const read = (batches: number): Sent[] => {
    const from = versions.findLastIndex(({ seq }) => seq <= sent);
    const change = versions[from + 1];
    const limit = change === undefined ? head : change.seq - 1;
    const ends = [...new Set(events.map(({ batchEnd }) => batchEnd))].filter(
      (end) => end > sent && end <= limit,
    );
    const upTo = ends[Math.max(0, batches - 1)] ?? limit;
    const leaves = new Set(leavesOf(termsOf(from).condition ?? { kind: 'any', of: [] }));
    const due = events.flatMap(({ leaf, ...event }) =>
      event.seq > sent && event.seq <= upTo && leaf !== null && leaves.has(leaf) ? [{ ...event, leaf }] : [],
    );
    const envelope = { epoch, version: from, definition: null };
    const messages = join(toMessages(due, { after: sent, upTo }, maxBytes), joined).map((message) => ({
      ...message,
      ...envelope,
    }));
    if (change === undefined || upTo !== limit) return messages;
    const after = messages.at(-1)?.upTo ?? sent;
    return [
      ...messages,
      { ...envelope, after, upTo: change.seq, batches: [], more: false, definition: from + 1 },
    ];
  };

  /** What changes the queue waits until a batch that is under way is whole. */
  const tellWaiting = (): void => {
    if (consumer.gate.midBatch) return;
    for (const control of waiting.splice(0)) driver.control(control);
  };

  const driver = {
    record(...entries: readonly LogEntry[]): void {
      for (const entry of entries) {
        if (entry.kind === 'terms') {
          head += 1;
          versions.push({ seq: head, terms: entry.terms });
          continue;
        }
        const batchEnd = head + entry.leaves.length;
        for (const leaf of entry.leaves) {
          head += 1;
          events.push({ seq: head, batchEnd, leaf, at: head * 1_000 });
        }
      }
    },

    /** What a sender read stays with it, however late it sends; the same message may be sent again. */
    sending(step: Sending): void {
      if (step.kind === 'read') {
        outboxes.set(step.sender, read(step.batches));
        return;
      }
      const [message, ...later] = outboxes.get(step.sender) ?? [];
      if (message === undefined) return;
      if (step.kind === 'send') send(message);
      if (step.kind === 'lose' || !step.keeps) outboxes.set(step.sender, later);
    },

    /** Sends what is due until nothing is. */
    sendAll(): void {
      for (let round = 0; round < 1_000; round += 1) {
        const messages = read(Infinity);
        if (messages.length === 0) return;
        for (const message of messages) send(message);
      }
      throw new Error('sending comes to no end');
    },

    control(control: Control): void {
      if (control.kind === 'claim') {
        claim();
        return tellWaiting();
      }
      if (consumer.gate.midBatch && ['pause', 'resume', 'clear'].includes(control.kind)) {
        waiting.push(control);
        return;
      }
      note(control);
      switch (control.kind) {
        case 'close': {
          const runId = consumer.activeRuns[control.nth % Math.max(1, consumer.activeRuns.length)];
          if (runId !== undefined) consumer = withoutRuns(consumer, [runId]);
          break;
        }
        case 'pause':
        case 'resume':
          pause(control.kind === 'pause');
          break;
        case 'request':
          requested += 1;
          consumer = { ...consumer, hasRequests: true };
          break;
        case 'clear': {
          const { taken, gate } =
            control.leaves === null
              ? takeAll(consumer.gate)
              : takeLeaves(consumer.gate, new Set(control.leaves));
          if (taken.length === 0) return;
          outcome.cleared.push(taken);
          store(gate);
          consumer = { ...consumer, gate };
          break;
        }
        default:
          unreachable(control);
      }
      settle();
    },

    get consumer(): Consumer {
      return consumer;
    },

    /** Who is told what, in order, up to now. */
    get trace(): readonly TraceStep[] {
      return [...trace, { kind: 'reached', seq: consumer.gate.watermark }];
    },

    get outcome(): Outcome {
      return { ...outcome, queued: takeAll(consumer.gate).taken, active: consumer.activeRuns };
    },
  };
  return driver;
}

/** A part that goes on ends its message: its successor says where it begins. */
function join(messages: readonly Message[], joined: number): readonly Message[] {
  return messages.reduce<readonly Message[]>((before, message, index) => {
    const last = before.at(-1);
    if (last === undefined || last.more || index % joined === 0) return [...before, message];
    const both = { ...message, after: last.after, batches: [...last.batches, ...message.batches] };
    return [...before.slice(0, -1), both];
  }, []);
}
