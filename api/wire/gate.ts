import type { DagId } from '../../core/ids.ts';
import { explain, summarize } from '../../core/explanation.ts';
import type { CurrentConsumer } from '../../store/gate.ts';
import { type DagGate, toExplanationNode } from '../contract/gate.ts';

export function toDagGate(dagId: DagId, { consumer, definition }: CurrentConsumer): DagGate {
  const { gate } = consumer;
  const explanation = gate.condition === null ? null : explain(gate.condition, definition.assets, gate);
  return {
    dag_id: dagId,
    version: definition.version,
    is_paused: consumer.isPaused,
    active_runs: [...consumer.activeRuns],
    max_active_runs: consumer.maxActiveRuns,
    has_requested_runs: consumer.hasRequests,
    met: explanation?.met ?? false,
    sentence: summarize(consumer, explanation),
    notes: [...(definition.notes ?? [])],
    explanation: explanation === null ? null : toExplanationNode(explanation),
    counted_up_to: gate.watermark,
  };
}
