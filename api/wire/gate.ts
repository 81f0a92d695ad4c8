import type { DagId } from '../../core/ids.ts';
import { explain, type Explanation, summarize } from '../../core/explanation.ts';
import type { Queued } from '../../core/gate.ts';
import type { CurrentConsumer } from '../../store/gate.ts';
import type { DagGate, ExplanationNode, QueuedEvents } from '../contract/gate.ts';
import { toInstant } from './instants.ts';

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
    explanation: explanation === null ? null : toNode(explanation),
    counted_up_to: gate.watermark,
  };
}

function toNode(explanation: Explanation): ExplanationNode {
  if (explanation.kind !== 'asset') return { ...explanation, of: explanation.of.map(toNode) };
  const { asset, met, needed, queued } = explanation;
  return {
    kind: 'asset',
    asset: { name: asset.name, uri: asset.uri },
    met,
    needed,
    queued: queued === null ? null : toQueuedEvents(queued),
  };
}

function toQueuedEvents({ count, firstSeq, lastSeq, firstAt, lastAt }: Queued): QueuedEvents {
  return {
    count,
    first_event_id: firstSeq,
    last_event_id: lastSeq,
    first_timestamp: toInstant(firstAt),
    last_timestamp: toInstant(lastAt),
  };
}
