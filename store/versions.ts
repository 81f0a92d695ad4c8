import { sql } from 'kysely';
import { type LeafId, leafOfSubscription, leafWith } from '../core/leaves.ts';
import { leavesOf, mapLeaves } from '../core/condition.ts';
import type { Definition } from '../core/definition.ts';
import type { Seq } from '../core/asset-event.ts';
import { emptyGate } from '../core/gate-terms.ts';
import { canonicalJson } from '../core/json.ts';
import { looksInside, type Partitions } from '../core/judge.ts';
import { mapperFor } from '../core/partitioned.ts';
import { hashOf } from '../core/text-hash.ts';
import type { DagId } from '../core/ids.ts';
import type { DagPlan, StartFrom, WhilePaused } from '../core/run-plan.ts';
import type { ResolvedPlan } from '../core/selection.ts';
import { type Source, sourceKey, titleOf } from '../core/source.ts';
import type { SourceId, SourceIds } from './source-ids.ts';
import { takePositions, type Tx } from './log.ts';

/** A version of a DAG that a deploy puts in force. */
export interface Change {
  readonly dagId: DagId;
  readonly version: number;
  readonly file: string;
  readonly hash: string;
  /** As its author wrote it; `null` retires the DAG. */
  readonly plan: DagPlan | null;
  /** With the assets it is about now. */
  readonly resolved: ResolvedPlan | null;
}

type Leaves = ReadonlyMap<string, { readonly leaf: LeafId; readonly source: Source }>;

/** A version that is written, with what else its position belongs to. */
interface Unplaced {
  readonly dagId: DagId;
  readonly version: number;
  /** Subscriptions that begin and that end with it. */
  readonly opened: readonly number[];
  readonly closed: readonly number[];
  readonly isFirst: boolean;
  /** Whether it looks into events. */
  readonly looksInside: boolean;
  /** Where the consumer begins if it is new. */
  readonly startFrom: StartFrom;
  readonly whilePaused: WhilePaused;
}

/** Stands where the position will be; only the transaction that writes it ever sees it. */
const unplaced = 0;

/**
 * Writes versions, then takes one position for all of them. However many they are, recording waits only for the few statements
 * behind that.
 */
export async function writeVersions(tx: Tx, changes: readonly Change[], ids: SourceIds): Promise<void> {
  if (changes.length === 0) return;
  const written: Unplaced[] = [];
  for (const change of changes) written.push(await writeVersion(tx, change, ids));
  await place(tx, written);
}

async function writeVersion(tx: Tx, change: Change, ids: SourceIds): Promise<Unplaced> {
  const { dagId, version, hash, plan } = change;
  const { leaves, opened, closed } = await resubscribe(tx, change, ids);
  const definition = definitionOf(change, leaves);
  await tx
    .insertInto('dag_version')
    .values({
      ...{ dag_id: dagId, version, seq: unplaced, hash },
      plan: plan === null ? null : JSON.stringify(plan),
      definition: JSON.stringify(definition),
    })
    .execute();
  const checkpoint = { version, gate: emptyGate(definition, unplaced) };
  const begun = await tx
    .insertInto('consumer')
    .values({
      ...{ dag_id: dagId, sent: unplaced, checkpoint: JSON.stringify(checkpoint) },
      // Deploys and pauses of the project wait for each other, so what is new is paused from its first moment.
      is_paused: sql<boolean>`(select is_paused from project)`,
      paused_by: sql<'project' | null>`(select case when is_paused then 'project' end from project)`,
    })
    .onConflict((conflict) => conflict.column('dag_id').doNothing())
    .returning('dag_id')
    .executeTakeFirst();
  return {
    ...{ dagId, version, opened, closed, isFirst: begun !== undefined, looksInside: looksInside(definition) },
    startFrom: plan === null || !(await isNew(tx, dagId)) ? 'now' : plan.startFrom,
    whilePaused: definition.whilePaused,
  };
}

/** Ends and begins subscriptions; those of assets that stay are left as they are, with what is queued for them. */
async function resubscribe(
  tx: Tx,
  { dagId, version, resolved }: Change,
  ids: SourceIds,
): Promise<Pick<Unplaced, 'opened' | 'closed'> & { readonly leaves: Leaves }> {
  const condition = resolved?.plan.condition ?? null;
  const sources = condition === null ? [] : leavesOf(condition);
  const wanted = new Map(
    sources.flatMap((source) => {
      const id = ids(source);
      return id === undefined ? [] : [[keyOf(id), { source, id }] as const];
    }),
  );
  const before = await tx
    .selectFrom('subscription')
    .select(['id', 'asset_id', 'alias_id'])
    .where('dag_id', '=', dagId)
    .where('until_seq', 'is', null)
    // Those that end are written once the position is known, when no lock may have to be waited for.
    .forNoKeyUpdate()
    .execute();
  const kept = new Set(before.map(keyOf));
  const added = [...wanted].filter(([key]) => !kept.has(key)).map(([, { id }]) => id);
  const opened =
    added.length === 0
      ? []
      : await tx
          .insertInto('subscription')
          .values(
            added.map((to) => ({
              ...{ dag_id: dagId, ...to, version },
              ...{ after_seq: unplaced, live_after_seq: unplaced },
            })),
          )
          .returning(['id', 'asset_id', 'alias_id'])
          .execute();
  const subscribed = [...before, ...opened].flatMap(({ id, ...to }) => {
    const source = wanted.get(keyOf(to))?.source;
    return source === undefined ? [] : [{ leaf: leafOfSubscription(id), source }];
  });
  // Where nothing can be subscribed to yet, a number that no subscription has stands for it.
  const missing = [
    ...new Map(sources.filter((source) => ids(source) === undefined).map((s) => [sourceKey(s), s])).values(),
  ];
  const unmet = missing.map((source, index) => ({ leaf: leafOfSubscription(-1 - index), source }));
  const leaves = new Map([...subscribed, ...unmet].map((one) => [sourceKey(one.source), one]));
  const closed = before.filter((to) => !wanted.has(keyOf(to)));
  return { leaves, opened: opened.map(({ id }) => id), closed: closed.map(({ id }) => id) };
}

function keyOf({ asset_id, alias_id }: SourceId): string {
  return asset_id === null ? `alias ${alias_id}` : `asset ${asset_id}`;
}

function definitionOf({ version, resolved }: Change, leaves: Leaves): Definition {
  const plan = resolved?.plan;
  const notes = resolved?.notes ?? [];
  return {
    version,
    plan: plan?.run ?? null,
    condition: plan?.condition
      ? mapLeaves(plan.condition, (source, terms) => leafWith(leafIn(leaves, source), terms))
      : null,
    ...(plan?.settle === undefined ? {} : { settle: plan.settle }),
    ...(plan?.takes === undefined ? {} : { takes: plan.takes }),
    ...(plan?.partitions === undefined ? {} : partitionTerms(plan.partitions, leaves)),
    ...(plan?.deadline === undefined ? {} : { deadline: plan.deadline.onMissing }),
    assets: Object.fromEntries([...leaves.values()].map(({ leaf, source }) => [leaf, source])),
    maxActiveRuns: plan?.maxActiveRuns ?? 0,
    whilePaused: plan?.whilePaused ?? 'keep',
    requestedRunsConsume: plan?.requestedRunsConsume ?? false,
    ...(plan?.ticksWait === true ? { ticksWait: true } : {}),
    ...(plan?.singleFlight === undefined ? {} : { singleFlight: plan.singleFlight }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

function partitionTerms(partitions: Partitions, leaves: Leaves): Pick<Definition, 'partitions' | 'byKeys'> {
  if (partitions === 'none' || partitions === 'any') return { partitions };
  const byKeys = [...leaves.values()].map(({ leaf, source }) => {
    return [leaf, hashOf(canonicalJson(mapperFor(partitions, source.name)))] as const;
  });
  return { partitions, byKeys: Object.fromEntries(byKeys) };
}

function leafIn(leaves: Leaves, source: Source): LeafId {
  const found = leaves.get(sourceKey(source));
  if (found === undefined) throw new Error(`${titleOf(source)} has no subscription`);
  return found.leaf;
}

/** Whether a consumer waits for assets for the first time, or again after its DAG was removed. */
async function isNew(tx: Tx, dagId: DagId): Promise<boolean> {
  const before = await tx
    .selectFrom('dag_version')
    .select('plan')
    .where('dag_id', '=', dagId)
    .orderBy('version', 'desc')
    .offset(1)
    .limit(1)
    .executeTakeFirst();
  return before === undefined || before.plan === null;
}

/** Lets the first run list what is older than the consumer, but nothing that the DAG was subscribed to before. */
async function beginEarlier(tx: Tx, { dagId, opened, startFrom }: Unplaced): Promise<void> {
  if (startFrom === 'now' || opened.length === 0) return;
  const from =
    startFrom === 'earliest'
      ? sql`0`
      : sql`coalesce((
          select seq from asset_event where recorded_at < ${new Date(startFrom)} order by seq desc limit 1
        ), 0)`;
  await sql`
    update subscription s set after_seq = least(s.after_seq, greatest(${from}, (
      select max(until_seq) from subscription o
      where o.dag_id = ${dagId} and (o.asset_id = s.asset_id or o.alias_id = s.alias_id)
    ))) where s.id = any(${opened}::int[])`.execute(tx);
  await sql`update consumer set lists_history = true where dag_id = ${dagId}`.execute(tx);
}

/** From its first definition on that looks into events, a consumer is told of those that it accepts; what came before counts as it did. */
async function beginJudging(tx: Tx, written: readonly Unplaced[], at: Seq): Promise<void> {
  const looking = written.filter((version) => version.looksInside).map(({ dagId }) => dagId);
  // What a new subscription lists of what is older is judged, too.
  const begins = sql`case when s.live_after_seq = ${at} then s.after_seq else ${at} end`;
  await sql`
    update consumer c set judged = coalesce(judged, (
      select min(${begins}) from subscription s where s.dag_id = c.dag_id and s.until_seq is null
    ), ${at}) where dag_id = any(${looking}::text[])`.execute(tx);
  await sql`
    update subscription s set judged_after = ${begins} from consumer c
    where s.dag_id = any(${written.map(({ dagId }) => dagId)}::text[]) and c.dag_id = s.dag_id
      and c.judged is not null and s.until_seq is null and s.judged_after > ${at}`.execute(tx);
}

async function place(tx: Tx, written: readonly Unplaced[]): Promise<void> {
  const { head: at } = await takePositions(tx, 1);
  const opened = written.flatMap((version) => version.opened);
  const closed = written.flatMap((version) => version.closed);
  await sql`update subscription set after_seq = ${at}, live_after_seq = ${at} where id = any(${opened}::int[])`.execute(
    tx,
  );
  for (const version of written) await beginEarlier(tx, version);
  await beginJudging(tx, written, at);
  await sql`update subscription set until_seq = ${at} where id = any(${closed}::int[])`.execute(tx);
  await sql`
    update dag_version set seq = ${at}
    from unnest(${written.map(({ dagId }) => dagId)}::text[], ${written.map(({ version }) => version)}::int[])
      as written (dag_id, version)
    where dag_version.dag_id = written.dag_id and dag_version.version = written.version`.execute(tx);
  await sql`
    update consumer set sent = ${at}, checkpoint = jsonb_set(checkpoint, '{gate,watermark}', to_jsonb(${at}::bigint))
    where dag_id = any(${written.filter(({ isFirst }) => isFirst).map(({ dagId }) => dagId)}::text[])`.execute(
    tx,
  );
  await sql`
    update consumer set checkpoint = jsonb_set(checkpoint, '{gate,ignored}', ${JSON.stringify([{ after: at, upTo: null }])}::jsonb)
    where is_paused and dag_id = any(${written.filter(isBornIgnoring).map(({ dagId }) => dagId)}::text[])`.execute(
    tx,
  );
}

/** Whether what is recorded while it is paused, which may be from its first moment, is ignored. */
function isBornIgnoring({ isFirst, whilePaused }: Unplaced): boolean {
  return isFirst && whilePaused === 'ignore';
}
