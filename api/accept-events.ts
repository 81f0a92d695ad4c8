import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type NewAssetEvent, type Seq, storableExtra } from '../core/asset-event.ts';
import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import { canonicalJson, type JsonObject } from '../core/json.ts';
import { findEvent } from '../store/event-queries.ts';
import type { IdempotencyKey } from '../store/recording.ts';
import type { TemplateIds } from '../store/template-ids.ts';
import { recordEvents } from '../temporal/record-events.ts';
import type { AssetLookup, AssetName, Target } from './asset-lookup.ts';
import type { BulkAssetEvent } from './contract/asset-events.ts';
import type { ApiDeps } from './deps.ts';
import { InvalidRequest } from './errors.ts';

/** An event as a request describes it. */
export type DescribedEvent = z.output<typeof BulkAssetEvent>;

/** What was recorded, now or by an earlier request with the same idempotency key. */
export interface Accepted {
  readonly firstSeq: Seq;
  readonly at: Date;
  readonly events: readonly (NewAssetEvent & { readonly asset: Target })[];
  readonly isRepeated: boolean;
}

/** What events are recorded for. */
export interface EventTargets {
  readonly assets: AssetLookup;
  readonly templateIds: TemplateIds;
}

/**
 * Records the events of one request as one batch, all or none.
 * @throws TidegateError `unknown_asset`, `invalid_uri`, `extra_too_large`, `invalid_input`, `idempotency_conflict`
 * @throws InvalidRequest when an extra does not meet its asset's schema
 */
export async function acceptEvents(
  deps: ApiDeps,
  { assets, templateIds }: EventTargets,
  described: readonly DescribedEvent[],
  { key, pathOf }: { readonly key?: string | undefined; readonly pathOf: (index: number) => PropertyKey[] },
): Promise<Accepted> {
  const targets = await assets.findAll(described.map(nameOf));
  const templatesOf = await templateIds.find(targets.map(({ id }) => id));
  const events = described.flatMap((event, index) => {
    const asset = targets[index];
    if (asset === undefined) return [];
    return [{ ...acceptEvent(event, asset, pathOf(index)), aliasIds: templatesOf(asset.id) }];
  });
  if (key === undefined) return { ...(await record(deps, events)), events };
  const idempotencyKey = { key, requestHash: hashOf(described, targets) };
  return { ...(await record(deps, events, idempotencyKey)), events };
}

type Recording = Omit<Accepted, 'events'>;

async function record(
  deps: ApiDeps,
  events: readonly NewAssetEvent[],
  idempotencyKey?: IdempotencyKey,
): Promise<Recording> {
  const recorded = await recordEvents(deps, {
    events,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  if (recorded.kind === 'recorded') {
    return { firstSeq: recorded.seqs[0] ?? 0, at: recorded.at, isRepeated: false };
  }
  if (recorded.kind === 'lost' || idempotencyKey === undefined)
    throw new Error('events of a request were lost');
  if (recorded.requestHash !== idempotencyKey.requestHash) {
    throw new TidegateError(
      'idempotency_conflict',
      `idempotency_key ${quote(idempotencyKey.key)} was used for other events: use a new key for each new request`,
    );
  }
  const first = await findEvent(deps.db, recorded.firstSeq);
  return { firstSeq: recorded.firstSeq, at: first?.recorded_at ?? new Date(deps.clock()), isRepeated: true };
}

function acceptEvent({ extra, partition_key }: DescribedEvent, asset: Target, path: PropertyKey[]) {
  storableExtra(extra, asset.name);
  // As Airflow does: said of every event that came over HTTP, beside what the schema of its asset knows.
  const marked: JsonObject = { ...checkedExtra(extra, asset, path), from_rest_api: true };
  return { asset, assetId: asset.id, extra: marked, partitionKey: partition_key ?? undefined };
}

/** What the schema of its asset makes of an extra: with its defaults, as a task's own events are recorded. */
function checkedExtra(extra: JsonObject, asset: Target, path: PropertyKey[]): JsonObject {
  const checked = asset.extraSchema?.safeParse(extra);
  if (checked?.success === false) {
    const issues = checked.error.issues.map((issue) => ({
      ...issue,
      path: [...path, 'extra', ...issue.path],
    }));
    throw new InvalidRequest('body', issues);
  }
  if (checked === undefined) return extra;
  // Schemas of extras are of objects, so that is what they make of one.
  const completed = checked.data as JsonObject;
  storableExtra(completed, asset.name);
  return completed;
}

function nameOf({ asset_id, name, uri }: DescribedEvent): AssetName {
  if (asset_id !== undefined) return { kind: 'id', id: asset_id };
  return name === undefined ? { kind: 'uri', uri: uri ?? '' } : { kind: 'name', name };
}

/** Of what was asked, not of what was made of it: a schema that changes between two requests makes no conflict. */
function hashOf(described: readonly DescribedEvent[], targets: readonly Target[]): string {
  const said = described.map(({ extra, partition_key }, index) => [
    targets[index]?.id,
    extra,
    partition_key ?? null,
  ]);
  return createHash('sha256').update(canonicalJson(said)).digest('hex');
}
