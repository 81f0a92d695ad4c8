import type { Seq } from '../../core/asset-event.ts';
import type { LeafId } from '../../core/leaves.ts';
import { isSatisfied, leavesOf } from '../../core/condition.ts';
import { unreachable } from '../../core/errors.ts';
import type { IgnoredStretch, Taken } from '../../core/gate.ts';
import type { Control, LogEntry, Outcome, Terms, TraceStep } from './consumer-story.ts';

interface ModelEvent {
  readonly seq: Seq;
  readonly leaf: LeafId;
}

interface Position {
  readonly kind: 'event' | 'terms';
  readonly seq: Seq;
  readonly batch: number;
  readonly leaf: LeafId | null;
  readonly terms: Terms | null;
}

/** What a consumer does, told naively: event by event, with every queued event in a list, and no message, watermark or count. */
export function consume(first: Terms, log: readonly LogEntry[], trace: readonly TraceStep[]): Outcome {
  const positions = positionsOf(log);
  const runs: { runId: string; events: readonly ModelEvent[] }[] = [];
  const admitted: string[] = [];
  const cleared: (readonly ModelEvent[])[] = [];
  const dropped: (readonly ModelEvent[])[] = [];
  const ignored: { readonly after: Seq; readonly upTo: Seq }[] = [];
  let state = {
    ...{ at: 0, queue: [] as readonly ModelEvent[], terms: first },
    ignored: [] as readonly IgnoredStretch[],
  };
  let checkpoint = state;
  let active: readonly string[] = [];
  let isPaused = false;
  let requests = 0;
  let head = 0;

  const isFor = ({ leaf }: Position): boolean =>
    leaf !== null && state.terms.condition !== null && leavesOf(state.terms.condition).includes(leaf);
  const isInsideBatch = (): boolean =>
    positions.some(
      (before) =>
        before.seq <= state.at &&
        isFor(before) &&
        positions.some((later) => later.seq > state.at && later.batch === before.batch && isFor(later)),
    );
  const isMet = ({ condition }: Terms): boolean =>
    condition !== null &&
    state.queue.length > 0 &&
    isSatisfied(condition, (leaf) => state.queue.filter((event) => event.leaf === leaf).length);

  const isLeftOut = (seq: Seq): boolean =>
    state.ignored.some(({ after, upTo }) => seq > after && (upTo === null || seq <= upTo));

  const decide = (): void => {
    if (isPaused) return;
    while (active.length < state.terms.maxActiveRuns) {
      if (requests > 0) {
        const consumes = state.terms.requestedRunsConsume === true;
        if (consumes && isInsideBatch()) return;
        requests -= 1;
        const runId = `manual__${admitted.length + 1}`;
        admitted.push(runId);
        active = [...active, runId];
        if (consumes && state.queue.length > 0) {
          runs.push({ runId, events: state.queue });
          checkpoint = state = { ...state, queue: [] };
        }
      } else {
        if (isInsideBatch() || !isMet(state.terms)) return;
        const runId = `asset__${Math.max(...state.queue.map(({ seq }) => seq))}`;
        runs.push({ runId, events: state.queue });
        active = [...active, runId];
        checkpoint = state = { ...state, queue: [] };
      }
    }
  };

  const reach = (seq: Seq): void => {
    for (const position of positions.filter((one) => one.seq > state.at && one.seq <= seq)) {
      const { leaf, terms } = position;
      state = { ...state, at: position.seq };
      if (terms !== null) {
        state = { ...state, terms };
        const kept = state.queue.filter((event) => isFor({ ...position, leaf: event.leaf }));
        const gone = state.queue.filter((event) => !kept.includes(event));
        if (gone.length > 0) dropped.push(gone);
        checkpoint = state = { ...state, queue: kept };
      } else if (leaf !== null && isFor(position) && !isLeftOut(position.seq)) {
        state = { ...state, queue: [...state.queue, { seq: position.seq, leaf }] };
      }
      decide();
    }
  };

  const pause = (begins: boolean): void => {
    const open = state.ignored.find(({ upTo }) => upTo === null);
    const others = state.ignored.filter((one) => one !== open);
    if (begins && open === undefined && state.terms.whilePaused === 'ignore') {
      state = { ...state, ignored: [...others, { after: head, upTo: null }] };
    }
    if (begins || open === undefined) return;
    if (open.after < head) ignored.push({ after: open.after, upTo: head });
    state = { ...state, ignored: [...others, { after: open.after, upTo: head }] };
  };

  const apply = (control: Control): void => {
    switch (control.kind) {
      case 'close':
        active = active.filter((_, index) => index !== control.nth % active.length);
        return;
      case 'pause':
      case 'resume':
        isPaused = control.kind === 'pause';
        pause(isPaused);
        checkpoint = state;
        return;
      case 'request':
        requests += 1;
        return;
      case 'clear': {
        const { leaves } = control;
        const gone = state.queue.filter(({ leaf }) => leaves === null || leaves.includes(leaf));
        if (gone.length === 0) return;
        cleared.push(gone);
        checkpoint = state = { ...state, queue: state.queue.filter((event) => !gone.includes(event)) };
        return;
      }
      case 'claim':
        state = checkpoint;
        return;
      default:
        unreachable(control);
    }
  };

  for (const step of trace) {
    if (step.kind === 'reached') reach(step.seq);
    else if (step.kind === 'head') head = step.seq;
    else {
      apply(step);
      decide();
    }
  }
  return {
    runs: runs.map(({ runId, events }) => ({ runId, taken: takenOf(events) })),
    ...{ admitted, active, queued: takenOf(state.queue) },
    ...{ cleared: cleared.map(takenOf), dropped: dropped.map(takenOf), ignored },
  };
}

function positionsOf(log: readonly LogEntry[]): readonly Position[] {
  return log
    .flatMap((entry, batch): readonly Omit<Position, 'seq'>[] =>
      entry.kind === 'terms'
        ? [{ kind: 'terms', batch, leaf: null, terms: entry.terms }]
        : entry.leaves.map((leaf) => ({ kind: 'event', batch, leaf, terms: null })),
    )
    .map((position, index) => ({ ...position, seq: index + 1 }));
}

function takenOf(events: readonly ModelEvent[]): readonly Taken[] {
  return [...new Set(events.map(({ leaf }) => leaf))].map((leaf) => {
    const own = events.filter((event) => event.leaf === leaf).map(({ seq }) => seq);
    return { leaf, count: own.length, firstSeq: Math.min(...own), upTo: Math.max(...own) };
  });
}
