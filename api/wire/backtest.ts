import type { BacktestRun as PlayedRun } from '../../core/backtest.ts';
import { maxListedEvents, type PastRun } from '../../store/past-runs.ts';
import type { BacktestRun } from '../contract/backtest.ts';
import { toInstant } from './instants.ts';

/** A run that was played; `names` has the asset of each event. */
export function toPlayedRun(run: PlayedRun, names: ReadonlyMap<number, string>): BacktestRun {
  const { runId, at, partition, events, ticks = [], missing = [] } = run;
  return {
    ...{ dag_run_id: runId, at: toInstant(at), partition_key: partition, event_count: events.length },
    events: events.slice(0, maxListedEvents).map((id) => ({ id, name: names.get(id) ?? '' })),
    ...{ ticks: [...ticks], missing: [...missing] },
  };
}

export function toPastRun(run: PastRun): BacktestRun {
  return {
    ...{ dag_run_id: run.run_id, at: toInstant(run.at), partition_key: run.partition_key },
    event_count: run.consumed_event_count,
    events: run.events.map(({ id, name }) => ({ id, name })),
    ticks: run.ticks.map((at) => toInstant(at)),
    missing: [...run.missing],
  };
}

/** Runs that are in both, with the same events. */
export function agreementsOf(simulated: readonly BacktestRun[], happened: readonly BacktestRun[]): number {
  const sameAs = ({ dag_run_id, event_count, events }: BacktestRun): string =>
    [dag_run_id, event_count, ...events.map(({ id }) => id)].join(' ');
  const known = new Set(happened.map(sameAs));
  return simulated.filter((run) => known.has(sameAs(run))).length;
}
