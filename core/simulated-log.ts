import type { Seq } from './asset-event.ts';
import type { ScenarioEvent } from './scenario.ts';
import { isBase, type LeafId } from './leaves.ts';
import type { Waiting } from './prefix.ts';
import type { Taken } from './gate.ts';

/** An event at its position; `a#2` is the second update of `a`, and `a@k#2` too where runs are by partition. */
export interface RecordedEvent {
  readonly seq: Seq;
  readonly at: number;
  readonly name: string;
}

/** An event that waits for a run, with the leaves that it meets. */
interface QueuedEvent extends RecordedEvent {
  readonly leaves: readonly LeafId[];
}

/** The log of a scenario, which knows by name what the gate only counts. */
export interface SimulatedLog {
  /** Position of the newest event. */
  readonly head: Seq;
  append(event: ScenarioEvent): RecordedEvent;
  /** Notes that an event waits for a run, at these leaves. */
  enqueue(event: RecordedEvent, leaves: readonly LeafId[]): void;
  /** The oldest events that wait for a run, so many at most. */
  waiting(limit: number): Waiting;
  /** Notes an event that is older than the consumer, for its first run to list. */
  remember(event: RecordedEvent): void;
  /** What a run consumes, in order and each once, with what was remembered. */
  consume(taken: readonly Taken[]): readonly string[];
  /** Forgets what left the queue without a run. */
  discard(taken: readonly Taken[]): void;
}

export function startLog({ isByPartition = false } = {}): SimulatedLog {
  const updates = new Map<string, number>();
  const queued = new Map<LeafId, QueuedEvent[]>();
  let history: RecordedEvent[] = [];
  let head = 0;

  const takeOut = ({ leaf, upTo, tooOld = Number.NEGATIVE_INFINITY }: Taken): readonly RecordedEvent[] => {
    const own = queued.get(leaf) ?? [];
    const left = own.findIndex(({ seq }) => seq > upTo);
    return own.splice(0, left < 0 ? own.length : left).filter(({ at }) => at > tooOld);
  };

  return {
    get head() {
      return head;
    },
    append({ asset, partition, at, label }) {
      head += 1;
      const update = (updates.get(asset) ?? 0) + 1;
      updates.set(asset, update);
      const key = isByPartition && partition !== null ? `@${partition}` : '';
      return { seq: head, at, name: label ?? `${asset}${key}#${update}` };
    },
    enqueue(event, leaves) {
      const waiting = { ...event, leaves };
      for (const leaf of leaves.filter(isBase)) {
        const own = queued.get(leaf);
        if (own === undefined) queued.set(leaf, [waiting]);
        else own.push(waiting);
      }
    },
    waiting(limit) {
      const all = [...queued.values()];
      const oldest = new Set(all.flatMap((own) => own.slice(0, limit)));
      return {
        events: [...oldest].toSorted((a, b) => a.seq - b.seq).slice(0, limit),
        isAll: oldest.size <= limit && all.every((own) => own.length <= limit),
      };
    },
    remember(event) {
      history.push(event);
    },
    consume(taken) {
      // An event that met several leaves is one event.
      const events = new Map([...history, ...taken.flatMap(takeOut)].map(({ seq, name }) => [seq, name]));
      history = [];
      return [...events].toSorted(([a], [b]) => a - b).map(([, name]) => name);
    },
    discard(taken) {
      for (const one of taken) takeOut(one);
    },
  };
}
