import { toBatches } from '../../core/batch.ts';
import { type Consumer, decide, flightOf, takeBatches, withoutRuns, withRun } from '../../core/consumer.ts';
import { judgeFlight } from '../../core/flight-request.ts';
import {
  holdGate,
  pickRuns,
  withFlights,
  withHeldBack,
  withRequests,
  withStopping,
} from '../../core/flights.ts';
import type { RunId } from '../../core/ids.ts';
import { ofKey } from '../../core/leaves.ts';
import type { FlightPolicy, SingleFlight } from '../../core/single-flight.ts';
import { aConsumer, aGate, aRunId, on, ORDERS, throughJson } from '../support/core.ts';

/** A run as the store has it. */
export interface WorldRun {
  readonly runId: RunId;
  readonly key: string;
  readonly isOfEvents: boolean;
  state: 'waiting' | 'going on' | 'stopping' | 'ended';
  stoodFor: number;
  events: number;
}

export type WorldStep =
  | { readonly kind: 'request' | 'event'; readonly key: string }
  | { readonly kind: 'end' | 'again'; readonly nth: number }
  | { readonly kind: 'pause' | 'resume' | 'claim' };

/** Requests, events, ends of runs and lives of a consumer, as the store and the workflow of a consumer act together. */
export function startWorld(
  policy: FlightPolicy,
  { isByPartition, maxActiveRuns }: { readonly isByPartition: boolean; readonly maxActiveRuns: number },
) {
  const singleFlight: SingleFlight = isByPartition
    ? { policy, key: '{{ partition_key }}', params: {} }
    : { policy, key: '{{ params.key }}', params: { key: 'a' } };
  const gate = aGate(on(ORDERS), isByPartition ? { byKeys: { [ORDERS]: 'h' } } : {});
  let consumer: Consumer = aConsumer(null, { gate, maxActiveRuns, singleFlight });
  const runs: WorldRun[] = [];
  const refused: { readonly isAgain: boolean; readonly wasOpen: boolean }[] = [];
  let seq = 0;
  let requests = 0;

  const goingOn = () => runs.filter(({ state }) => state === 'going on' || state === 'stopping');
  const waiting = () => runs.filter(({ state }) => state === 'waiting');
  const holderOf = (key: string) => goingOn().find((run) => run.key === key);
  const free = () => (consumer.isPaused ? 0 : Math.max(0, maxActiveRuns - goingOn().length));
  const startable = () =>
    pickRuns(
      waiting(),
      goingOn().map(({ key }) => key),
      free(),
    ).next;

  const settle = (): void => {
    for (let rounds = 0; rounds < 100; rounds += 1) {
      consumer = throughJson(consumer);
      const decision = decide(consumer);
      if (decision.kind === 'wait') return;
      if (decision.kind === 'stop') {
        const wanted = waiting().map(({ key }) => holderOf(key)?.runId);
        const slots = [...decision.slots, ...(decision.looks ? wanted.flatMap((id) => id ?? []) : [])];
        for (const run of goingOn()) if (slots.includes(run.runId)) run.state = 'stopping';
        consumer = withStopping(consumer, slots);
      } else if (decision.kind === 'open') {
        const { runId, taken, key, flightKey = '' } = decision.run;
        const events = taken.reduce((sum, { count }) => sum + count, 0);
        runs.push({ runId, key: flightKey, isOfEvents: true, state: 'going on', stoodFor: 0, events });
        consumer = withRun(
          { ...consumer, gate: decision.gate },
          runId,
          flightOf({ flightKey, ...(key !== undefined && { key }) }),
        );
      } else if (decision.kind === 'admit') {
        const flying = goingOn().map(({ key }) => key);
        const { next, hasMore } = pickRuns(waiting(), flying, free());
        for (const run of next) {
          run.state = 'going on';
          consumer = withRun(consumer, run.runId, {
            key: run.key,
            ...(isByPartition && { partition: run.key }),
          });
        }
        const back = waiting().find(({ key }) => holderOf(key) !== undefined);
        const held = back && {
          runId: back.runId,
          by: holderOf(back.key)?.runId ?? back.runId,
          key: back.key,
        };
        consumer = { ...withHeldBack(consumer, 'others', held), hasRequests: hasMore };
      } else throw new Error(decision.kind);
    }
    throw new Error('it never settles');
  };

  const ask = (key: string, again?: WorldRun): void => {
    const ofKey_ = runs.filter((run) => run.key === key && run !== again);
    const queue = ofKey_.filter(({ state }) => state === 'waiting');
    const foldable = queue.findLast(({ isOfEvents }) => !isOfEvents);
    const verdict = judgeFlight(
      policy,
      {
        running: holderOf(key)?.runId ?? null,
        waiting: queue[0]?.runId ?? null,
        foldable: foldable?.runId ?? null,
        isStarting: queue[0] !== undefined && startable().includes(queue[0]),
      },
      { isAgain: again !== undefined },
    );
    if (verdict.kind === 'refuse') {
      const by = runs.find(({ runId }) => runId === verdict.runId);
      refused.push({
        isAgain: again !== undefined,
        wasOpen: by !== undefined && by.state !== 'ended' && by.key === key,
      });
    } else if (verdict.kind === 'fold') {
      const into = waiting().find(({ runId }) => runId === verdict.runId);
      if (into === undefined) throw new Error('folded into nothing');
      into.stoodFor += 1;
    } else if (again !== undefined) again.state = 'waiting';
    else {
      const runId = aRunId(`manual__${runs.length}`);
      runs.push({ runId, key, isOfEvents: false, state: 'waiting', stoodFor: 1, events: 0 });
    }
    consumer = withRequests(consumer);
  };

  return {
    runs,
    refused,
    goingOn,
    waiting,
    holderOf,
    startable,
    free,
    posted: () => seq,
    requested: () => requests,
    consumer: () => consumer,
    take(step: WorldStep): void {
      const at = 'nth' in step ? step.nth : 0;
      switch (step.kind) {
        case 'request':
          requests += 1;
          ask(step.key);
          break;
        case 'again': {
          // What runs again later has its events: it is like any requested run.
          const ended = runs.filter(({ state }) => state === 'ended');
          const run = ended[at % Math.max(1, ended.length)];
          if (run !== undefined) ask(run.key, run);
          break;
        }
        case 'event': {
          seq += 1;
          const leaf = isByPartition ? ofKey(ORDERS, step.key) : ORDERS;
          let rest = toBatches([{ seq, batchEnd: seq, leaf, at: seq * 1_000 }]);
          do {
            const taken = takeBatches(consumer, rest, { upTo: seq, more: false });
            for (const { runId, key, flightKey = '', taken: own } of taken.asked) {
              const events = own.reduce((sum, { count }) => sum + count, 0);
              runs.push({ runId, key: flightKey, isOfEvents: true, state: 'going on', stoodFor: 0, events });
              if (isByPartition && key !== flightKey) throw new Error('of another key');
            }
            ({ consumer, rest } = { ...taken, rest: [...taken.rest] });
            settle();
          } while (rest.length > 0);
          break;
        }
        case 'end': {
          const run = goingOn()[at % Math.max(1, goingOn().length)];
          if (run === undefined) break;
          run.state = 'ended';
          consumer = withoutRuns(consumer, [run.runId]);
          break;
        }
        case 'pause':
        case 'resume':
          consumer = { ...consumer, isPaused: step.kind === 'pause' };
          break;
        default: {
          const { flights: _, heldBack: __, isUnlooked: ___, ...rest } = consumer;
          const flights = goingOn().map(({ runId, key, state }) => {
            const flight = { key, ...(isByPartition && { partition: key }) };
            return [runId, state === 'stopping' ? { ...flight, isStopping: true as const } : flight] as const;
          });
          consumer = withFlights({ ...rest, hasRequests: waiting().length > 0 }, Object.fromEntries(flights));
        }
      }
      settle();
      consumer = holdGate(consumer);
    },
  };
}
