import type { DagId } from '../../core/ids.ts';
import { explainConsumer } from '../../core/explanation.ts';
import { parseSlot } from '../../core/slot.ts';
import type { CurrentConsumer } from '../../store/gate.ts';
import { type DagGate, toExplanationNode } from '../contract/gate.ts';
import { toInstant } from './instants.ts';

/** Most partition keys one answer lists. */
const maxKeysShown = 100;

export function toDagGate(dagId: DagId, { consumer, definition, refusals }: CurrentConsumer): DagGate {
  const { gate, owed = null, flights = {}, heldBack = {} } = consumer;
  const back = heldBack.others ?? heldBack.ticks;
  const { explanation, sentence, met, keys } = explainConsumer(consumer, definition);
  return {
    dag_id: dagId,
    version: definition.version,
    is_paused: consumer.isPaused,
    active_runs: consumer.activeRuns.map((slot) => parseSlot(slot).runId),
    max_active_runs: consumer.maxActiveRuns,
    in_flight: consumer.activeRuns.flatMap((slot) => {
      const flight = flights[slot];
      if (flight === undefined) return [];
      const { key, isStopping = false } = flight;
      return [{ dag_run_id: parseSlot(slot).runId, key, is_stopping: isStopping }];
    }),
    held_back:
      back === undefined
        ? null
        : { dag_run_id: back.runId, waits_for: parseSlot(back.by).runId, key: back.key },
    has_requested_runs: consumer.hasRequests || back !== undefined,
    owed_ticks:
      owed === null
        ? null
        : { count: owed.count, first: toInstant(owed.firstAt), last: toInstant(owed.lastAt) },
    met,
    sentence,
    notes: [...(definition.notes ?? []), ...refusals],
    pending_partition_keys: keys.slice(0, maxKeysShown),
    pending_partition_key_count: keys.length,
    explanation: explanation === null ? null : toExplanationNode(explanation),
    counted_up_to: gate.watermark,
  };
}
