import { z } from 'zod';
import { totalEntries } from './page.ts';
import { Instant, InstantInput, storableText } from './scalars.ts';

/** What is queued for one DAG from one asset, or through one alias. */
export const QueuedEvent = z
  .object({
    dag_id: z.string(),
    /** Through an alias: that of the oldest event. */
    asset_id: z.int(),
    /** Of the oldest event that is queued. */
    created_at: Instant,
    /** Always the id. */
    dag_display_name: z.string(),
    /** Events that are queued. */
    count: z.int(),
    /** The alias they are queued through; null where they are queued for the asset itself. */
    alias: z.string().nullable(),
  })
  .meta({ id: 'QueuedEvent' });
export type QueuedEvent = z.infer<typeof QueuedEvent>;

/** The same in the older spelling, in which assets go by their URI. */
export const QueuedEventOfUri = QueuedEvent.extend({ uri: z.string() }).meta({ id: 'QueuedEventOfUri' });
export type QueuedEventOfUri = z.infer<typeof QueuedEventOfUri>;

/** Everything that is queued, one entry for each DAG and asset; it comes whole. */
export const QueuedEventCollection = z
  .object({ queued_events: z.array(QueuedEvent), total_entries: totalEntries })
  .meta({ id: 'QueuedEventCollection' });
export type QueuedEventCollection = z.infer<typeof QueuedEventCollection>;

/** The same in the older spelling. */
export const QueuedEventOfUriCollection = z
  .object({ queued_events: z.array(QueuedEventOfUri), total_entries: totalEntries })
  .meta({ id: 'QueuedEventOfUriCollection' });
export type QueuedEventOfUriCollection = z.infer<typeof QueuedEventOfUriCollection>;

/** Query of what lists queued events. */
export const QueuedEventQuery = z.object({
  /** Only entries whose oldest event is older. */
  before: InstantInput.optional(),
});

/** Query of what clears queued events. */
export const ClearQueuedEventsQuery = z.object({
  /** Only events that are older; what is as new stays queued. */
  before: InstantInput.optional(),
  /** Who asks; kept with what was cleared. */
  who: storableText(250).min(1).default('api'),
});

/** Headers of what answers a clear, whose body is empty as in Airflow. */
export const ClearedQueuedEventsHeaders = z.object({
  /** Events that left a queue; one that two DAGs had queued counts twice. */
  'tidegate-cleared-events': z.string().regex(/^\d+$/),
});
