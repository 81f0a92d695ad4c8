import type { Seq } from './asset-event.ts';
import { unreachable } from './errors.ts';
import { type RunId, runIdOfEvents, runIdOfTick } from './ids.ts';
import type { Scenario, ScenarioEvent } from './scenario.ts';
import { startSimulation } from './simulate.ts';
import type { SimulatedRun, StartedRun } from './simulated-run.ts';

/** An event of the real log. */
export interface PastEvent extends ScenarioEvent {
  readonly seq: Seq;
}

/** What happened to a DAG beside the runs it started itself. Instants are epoch milliseconds. */
export type PastStep =
  /** Recorded together. */
  | { readonly kind: 'events'; readonly at: number; readonly events: readonly PastEvent[] }
  /** A run by hand or by time, which holds a slot until it ended; `null` while it is open. */
  | { readonly kind: 'request'; readonly at: number; readonly runId: RunId; readonly endedAt: number | null }
  | { readonly kind: 'pause' | 'unpause' | 'tick' | 'deadline'; readonly at: number }
  /** Somebody cleared the queue of what is named so. */
  | { readonly kind: 'clear'; readonly at: number; readonly name: string };

/** A run that the schedule would have started. */
export interface BacktestRun extends Pick<SimulatedRun, 'partition' | 'ticks' | 'missing'> {
  readonly runId: RunId;
  readonly at: number;
  readonly trigger: SimulatedRun['trigger'];
  readonly events: readonly Seq[];
}

/** A schedule as it is played over the past, by the decisions that the workflow of a consumer takes. */
export interface Backtest {
  /** Takes what happened next, in order of time. */
  take(step: PastStep): void;
  /** Lets the rest of the time pass, and says what would have been started. */
  end(at: number): {
    readonly runs: readonly BacktestRun[];
    /** What it would wait for then. */
    readonly sentence: string;
    /** Why events were not taken for their key, each reason once. */
    readonly refused: readonly string[];
  };
}

/** How long runs took. */
export interface PastRuns {
  /** When the run of this id ended, if there was one: `null` while it is open. */
  readonly endOf: (runId: RunId) => number | null | undefined;
  /** How long one is taken to run that there was not. */
  readonly typicalMs: number;
}

export function startBacktest(scenario: Omit<Scenario, 'steps'>, { endOf, typicalMs }: PastRuns): Backtest {
  const simulation = startSimulation({ ...scenario, steps: [] });
  const runs: BacktestRun[] = [];
  const requested: { readonly runId: RunId; readonly endedAt: number | null }[] = [];
  let open: { readonly nth: number; readonly endsAt: number }[] = [];

  const hold = ({ nth, at, run, runId }: StartedRun): void => {
    const isRequested = run === null || run.trigger === 'manual';
    const request = isRequested ? requested.shift() : undefined;
    const id = request?.runId ?? (run === null ? runId : idOf(run, runId));
    if (run !== null) runs.push({ ...pastRun(run), runId: id, at });
    const ended = request === undefined ? endOf(id) : request.endedAt;
    const endsAt = ended === undefined ? at + typicalMs : (ended ?? Number.POSITIVE_INFINITY);
    open.push({ nth, endsAt: Math.max(at, endsAt) });
  };
  const play = (step: Parameters<typeof simulation.take>[0]): void => {
    for (const started of simulation.take(step).started) hold(started);
  };
  /** Runs that end free their slots, one after the other. */
  const passTo = (at: number): void => {
    for (;;) {
      const next = open.reduce<(typeof open)[number] | undefined>(
        (first, one) =>
          one.endsAt <= at && (first === undefined || one.endsAt < first.endsAt) ? one : first,
        undefined,
      );
      if (next === undefined) break;
      open = open.filter((one) => one !== next);
      play({ kind: 'advance', to: next.endsAt });
      play({ kind: 'endRun', nth: next.nth });
    }
  };

  return {
    take(step) {
      passTo(step.at);
      if (step.kind === 'events') return play({ kind: 'record', events: step.events.map(labelled) });
      play({ kind: 'advance', to: step.at });
      switch (step.kind) {
        case 'request':
          requested.push(step);
          return play({ kind: 'manualRun' });
        case 'tick':
          return play({ kind: 'timeTick', at: step.at });
        case 'clear':
          return play({ kind: 'clear', name: step.name });
        case 'deadline':
          return play({ kind: 'deadline', at: step.at });
        case 'pause':
        case 'unpause':
          return play({ kind: step.kind });
        default:
          return unreachable(step);
      }
    },
    end(at) {
      passTo(at);
      play({ kind: 'advance', to: at });
      const { explanation, refused = [] } = simulation.result();
      return { runs, sentence: explanation.sentence, refused };
    },
  };
}

/** A run lists its events by their positions in the real log. */
function labelled({ seq, ...event }: PastEvent): ScenarioEvent {
  return { ...event, label: String(seq) };
}

function idOf({ trigger, events, partition, ticks = [] }: SimulatedRun, held: RunId): RunId {
  if (trigger === 'deadline') return held;
  if (trigger === 'time') return runIdOfTick(Date.parse(ticks[0] ?? ''));
  return runIdOfEvents(Number(events.at(-1) ?? 0), partition);
}

function pastRun({
  trigger,
  partition,
  events,
  ticks,
  missing,
}: SimulatedRun): Omit<BacktestRun, 'runId' | 'at'> {
  return {
    ...{ trigger, partition, events: events.map(Number) },
    ...(ticks === undefined ? {} : { ticks }),
    ...(missing === undefined ? {} : { missing }),
  };
}
