import type { QueuedRecord } from '../../store/queued-events.ts';
import type { QueuedEvent, QueuedEventOfUri } from '../contract/queued-events.ts';
import { toInstant } from './instants.ts';

export function toQueuedEvent({ dagId, assetId, alias, queued }: QueuedRecord): QueuedEvent {
  return {
    dag_id: dagId,
    asset_id: assetId,
    created_at: toInstant(queued.firstAt),
    dag_display_name: dagId,
    count: queued.count,
    alias,
  };
}

export function toQueuedEventOfUri(record: QueuedRecord): QueuedEventOfUri {
  return { ...toQueuedEvent(record), uri: record.uri };
}
