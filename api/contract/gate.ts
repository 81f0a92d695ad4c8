import { z } from 'zod';
import { filterText } from '../../core/event-filter.ts';
import type { Explanation } from '../../core/explanation.ts';
import type { Queued } from '../../core/gate.ts';
import { isAssetSource } from '../../core/source.ts';
import { Instant, toInstant } from './scalars.ts';

/** Events that met one leaf and that no run has consumed yet. */
export const QueuedEvents = z
  .object({
    count: z.int(),
    first_event_id: z.int(),
    last_event_id: z.int(),
    first_timestamp: Instant,
    last_timestamp: Instant,
  })
  .meta({ id: 'QueuedEvents' });
export type QueuedEvents = z.infer<typeof QueuedEvents>;

/** A leaf of a condition: one asset, and what is queued for it. */
export const AssetLeaf = z
  .object({
    kind: z.literal('asset'),
    asset: z.object({ name: z.string(), uri: z.string() }),
    met: z.boolean(),
    /** Events it takes. */
    needed: z.int(),
    /** Which events count, as a sentence; absent is all. */
    where: z.string().optional(),
    /** Seconds after which an event counts no more; absent is never. */
    expire_after: z.number().optional(),
    /** Where a roll-up waits for the keys of a window: those that came, and how many it takes. */
    received_keys: z.array(z.string()).optional(),
    required_key_count: z.int().optional(),
    queued: QueuedEvents.nullable(),
  })
  .meta({ id: 'AssetLeaf' });
export type AssetLeaf = z.infer<typeof AssetLeaf>;

/** A leaf of a condition that waits for what comes through an alias. */
export const AliasLeaf = AssetLeaf.omit({ asset: true })
  .extend({ kind: z.literal('alias'), alias: z.object({ name: z.string() }) })
  .meta({ id: 'AliasLeaf' });
export type AliasLeaf = z.infer<typeof AliasLeaf>;

/** A leaf of a condition that waits for any instance of a templated asset. */
export const TemplateLeaf = AssetLeaf.omit({ asset: true })
  .extend({ kind: z.literal('template'), template: z.object({ name: z.string() }) })
  .meta({ id: 'TemplateLeaf' });
export type TemplateLeaf = z.infer<typeof TemplateLeaf>;

/** A leaf of a condition that refers to an asset that is not there yet; it is never met. */
export const ReferenceLeaf = AssetLeaf.omit({ asset: true })
  .extend({
    kind: z.literal('asset_ref'),
    asset_ref: z.union([z.object({ name: z.string() }), z.object({ uri: z.string() })]),
  })
  .meta({ id: 'ReferenceLeaf' });
export type ReferenceLeaf = z.infer<typeof ReferenceLeaf>;

/** A branch of a condition. */
export const ConditionBranch = z
  .object({
    kind: z.enum(['all', 'any', 'atLeast']),
    met: z.boolean(),
    /** Parts of it that have to be met. */
    needed: z.int(),
    get of() {
      return z.array(ExplanationNode);
    },
  })
  .meta({ id: 'ConditionBranch' });

/** A condition with, per node, what arrived and what is missing. */
export const ExplanationNode: z.ZodType<ExplanationNode> = z
  .union([AssetLeaf, AliasLeaf, TemplateLeaf, ReferenceLeaf, z.lazy(() => ConditionBranch)])
  .meta({ id: 'ExplanationNode' });
export type ExplanationNode =
  | AssetLeaf
  | AliasLeaf
  | TemplateLeaf
  | ReferenceLeaf
  | {
      readonly kind: 'all' | 'any' | 'atLeast';
      readonly met: boolean;
      readonly needed: number;
      readonly of: readonly ExplanationNode[];
    };

/** An explanation as the API spells it. */
export function toExplanationNode(explanation: Explanation): ExplanationNode {
  if (explanation.kind !== 'asset') return { ...explanation, of: explanation.of.map(toExplanationNode) };
  const { asset, met, needed, queued } = explanation;
  const { name } = asset;
  const { where, expireAfterMs } = explanation;
  const leaf = {
    ...{ met, needed },
    ...(where === undefined ? {} : { where: filterText(where) }),
    ...(expireAfterMs === undefined ? {} : { expire_after: expireAfterMs / 1_000 }),
    ...(queued?.window === undefined
      ? {}
      : { received_keys: [...queued.window.parts], required_key_count: queued.window.needs }),
    queued: queued === null ? null : toQueuedEvents(queued),
  };
  if (isAssetSource(asset)) return { kind: 'asset', asset: { name, uri: asset.uri }, ...leaf };
  if (asset.kind === 'alias') return { kind: 'alias', alias: { name }, ...leaf };
  if (asset.kind === 'template') return { kind: 'template', template: { name }, ...leaf };
  return { kind: 'asset_ref', asset_ref: asset.by === 'uri' ? { uri: name } : { name }, ...leaf };
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

/** Ticks of a schedule that came and have no run yet. */
export const OwedTicks = z
  .object({ count: z.int(), first: Instant, last: Instant })
  .meta({ id: 'OwedTicks' });
export type OwedTicks = z.infer<typeof OwedTicks>;

/** A run that holds a key of which only one run goes on at a time. */
export const RunInFlight = z
  .object({
    dag_run_id: z.string(),
    /** Empty where it is one key for the whole DAG. */
    key: z.string(),
    /** Whether it was told to make way for a newer one. */
    is_stopping: z.boolean(),
  })
  .meta({ id: 'RunInFlight' });
export type RunInFlight = z.infer<typeof RunInFlight>;

/** Answer of `GET /api/v2/dags/{dag_id}/gate`: what the DAG holds between runs, and why it waits. */
export const DagGate = z
  .object({
    dag_id: z.string(),
    /** Definition that is in force. */
    version: z.int(),
    is_paused: z.boolean(),
    /** Runs that hold a slot. */
    active_runs: z.array(z.string()),
    max_active_runs: z.int(),
    /** Those of them of whose key only one goes on at a time; empty where the DAG has no singleFlight. */
    in_flight: z.array(RunInFlight),
    /** The oldest requested run that waits for the end of one of these; null where none does. */
    held_back: z.object({ dag_run_id: z.string(), waits_for: z.string(), key: z.string() }).nullable(),
    /** Whether runs by hand or by time wait for a slot. */
    has_requested_runs: z.boolean(),
    /** Ticks that wait for assets, by their nominal times; null where none does. */
    owed_ticks: OwedTicks.nullable(),
    /** Whether the condition holds. */
    met: z.boolean(),
    /** What it waits for, in one sentence. */
    sentence: z.string(),
    /** What else to know about the assets it is about, such as a selector that selects nothing: sentences. */
    notes: z.array(z.string()),
    /** Partition keys with something queued, that with the oldest event first; the first 100. The explanation is of the first. */
    pending_partition_keys: z.array(z.string()),
    pending_partition_key_count: z.int(),
    /** null where events start nothing. */
    explanation: ExplanationNode.nullable(),
    /** Everything up to this event is counted. */
    counted_up_to: z.int(),
  })
  .meta({ id: 'DagGate' });
export type DagGate = z.infer<typeof DagGate>;
