import { setImmediate as breathe } from 'node:timers/promises';
import { type Backtest as PlayedBacktest, type PastStep, startBacktest } from '../core/backtest.ts';
import { type Condition, leavesOf, mapLeaves } from '../core/condition.ts';
import type { Definition } from '../core/definition.ts';
import { TidegateError } from '../core/errors.ts';
import type { DagId } from '../core/ids.ts';
import { baseOf } from '../core/leaves.ts';
import type { Scenario } from '../core/scenario.ts';
import { isOpenSource, type Source } from '../core/source.ts';
import { findDag } from '../store/dag-queries.ts';
import type { Db } from '../store/database.ts';
import { readCurrentDefinition } from '../store/definitions.ts';
import { positionAt, readPastBatches, readQueuedAt } from '../store/past-events.ts';
import { readEnds, readPastFacts, readPastRuns } from '../store/past-runs.ts';
import { readRetention, type Retention } from '../store/retention.ts';
import { readSourceIds, type SourceId } from '../store/source-ids.ts';
import type { Backtest } from './contract/backtest.ts';
import { toInstant } from './contract/scalars.ts';
import { readProposed } from './proposed-schedule.ts';
import { unknownDag } from './request.ts';
import { agreementsOf, toPastRun, toPlayedRun } from './wire/backtest.ts';

/** Most of what one backtest goes through; a longer period is refused. */
const most = { events: 200_000, runs: 5_000, facts: 20_000 };
/** How long it plays at a stretch, in milliseconds, give or take a step. Other requests are answered in between. */
const stretchMs = 20;
/** How long a run is taken to run where none ended that could tell. */
const unknownRunMs = 60_000;

interface Wish {
  readonly since: number;
  readonly until: number;
  /** Instead of the DAG's own; as a scenario writes it. */
  readonly schedule?: unknown;
}

/**
 * Plays a DAG's own schedule, or another one, over what was recorded, and sets what it would have started beside what was.
 * @throws TidegateError `unknown_dag`, `unknown_asset`, or `invalid_input` where the period or the schedule is not valid, or too much happened
 */
export async function backtest(db: Db, dagId: DagId, wish: Wish): Promise<Backtest> {
  const dag = await findDag(db, dagId);
  const current = await readCurrentDefinition(db, dagId);
  if (dag === undefined || current === undefined) throw unknownDag(dagId);
  const { definition, firstAt } = current;
  const assumptions: string[] = [];
  const since = Math.max(wish.since, firstAt);
  if (since > wish.since)
    assumptions.push(`The DAG was first deployed at ${toInstant(firstAt)}: what came before is left out.`);
  const period = { since, until: wish.until };
  if (wish.until <= since)
    throw new TidegateError(
      'invalid_input',
      `since ${toInstant(since)} is not before ${toInstant(wish.until)}: give an earlier one`,
    );

  assumptions.push(...prunedFrom(await readRetention(db), since));
  const isOwn = wish.schedule === undefined;
  const condition = isOwn ? ownCondition(definition) : await readProposed(db, wish.schedule);
  const facts = await readPastFacts(db, dagId, { period, definition, limit: most.facts });
  refuseMore('changes', facts.steps.length, most.facts);
  const happened = await readPastRuns(db, dagId, period, most.runs + 1);
  refuseMore('runs', happened.length, most.runs);
  const ends = await readEnds(db, dagId, since, most.runs + most.facts);
  const typicalMs = facts.typicalMs ?? unknownRunMs;
  assumptions.push(
    ...assumed({ isOwn, changes: facts.changes, typicalMs, isKnown: facts.typicalMs !== null }),
    ...(facts.steps.some(({ kind }) => kind === 'clear')
      ? ['What was cleared leaves the queue whole, also where only its older events did.']
      : []),
  );

  const played = startBacktest(scenarioOf(definition, condition, isOwn), {
    endOf: (id) => ends.get(id),
    typicalMs,
  });
  const names = new Map<number, string>();
  const steps = facts.steps.filter(({ kind }) => isOwn || kind !== 'tick');
  const count = await play(db, played, {
    dagId,
    isOwn,
    condition,
    period,
    wasPaused: facts.wasPaused,
    steps,
    names,
  });
  const { runs, sentence, refused } = played.end(wish.until);
  refuseMore('runs', runs.length, most.runs);
  const simulated = runs.map((run) => toPlayedRun(run, names));
  const done = happened.map(toPastRun);
  return {
    ...{ dag_id: dagId, since: toInstant(since), until: toInstant(wish.until), event_count: count },
    ...{ simulated, happened: done, agreed: agreementsOf(simulated, done), sentence },
    assumptions: [...assumptions, ...refused.map((reason) => `An event started nothing: ${reason}.`)],
  };
}

/** What a backtest cannot know any more. */
function prunedFrom(
  { eventsPrunedBefore, runsPrunedBefore, stepsPrunedBefore }: Retention,
  since: number,
): readonly string[] {
  const pruned = [
    ['Events', eventsPrunedBefore, 'they are not played'],
    ['Runs', runsPrunedBefore, 'they are not listed, and held no slots'],
    ['Pauses and clears', stepsPrunedBefore, 'they are not played'],
  ] as const;
  return pruned.flatMap(([what, before, so]) =>
    before !== null && before.getTime() > since
      ? [`${what} before ${toInstant(before)} may have been pruned: ${so}.`]
      : [],
  );
}

interface Playing {
  readonly dagId: DagId;
  readonly isOwn: boolean;
  readonly condition: Condition<Source> | null;
  readonly period: { readonly since: number; readonly until: number };
  readonly wasPaused: boolean;
  readonly steps: readonly PastStep[];
  /** Filled with the asset of each event. */
  readonly names: Map<number, string>;
}

/** @returns how many events were played */
async function play(db: Db, played: PlayedBacktest, playing: Playing): Promise<number> {
  const { dagId, condition, period, names } = playing;
  const after = await positionAt(db, period.since);
  const upTo = await positionAt(db, period.until);
  let rest = playing.steps;
  let count = 0;
  let breathedAt = performance.now();
  const take = async (step: PastStep): Promise<void> => {
    if (performance.now() - breathedAt > stretchMs) {
      await breathe();
      breathedAt = performance.now();
    }
    played.take(step);
  };
  const passTo = async (isDue: (step: PastStep) => boolean): Promise<void> => {
    const next = rest.findIndex((step) => !isDue(step));
    const due = next < 0 ? rest : rest.slice(0, next);
    rest = rest.slice(due.length);
    for (const step of due) await take(step);
  };
  const record = async (batch: Extract<PastStep, { kind: 'events' }>): Promise<void> => {
    count += batch.events.length;
    refuseMore('events', count, most.events);
    for (const { seq, asset } of batch.events) names.set(seq, asset);
    await take(batch);
  };

  // What held a slot holds it before anything is queued.
  await passTo(({ kind, at }) => at <= period.since && kind === 'request');
  if (playing.isOwn) {
    const queued = await readQueuedAt(db, dagId, { at: period.since, upTo: after, limit: most.events + 1 });
    for (const batch of queued) await record({ kind: 'events', ...batch });
  }
  if (playing.wasPaused) played.take({ kind: 'pause', at: period.since });
  for await (const batch of readPastBatches(db, await idsOf(db, condition), { after, upTo })) {
    await passTo(({ at }) => at < batch.at);
    await record({ kind: 'events', ...batch });
  }
  await passTo(({ at }) => at <= period.until);
  return count;
}

function ownCondition({ condition, assets }: Definition): Condition<Source> | null {
  if (condition === null) return null;
  return mapLeaves(condition, (leaf) => {
    const source = assets[baseOf(leaf)];
    if (source === undefined) throw new Error(`leaf ${leaf} stands for no asset`);
    return source;
  });
}

async function idsOf(db: Db, condition: Condition<Source> | null): Promise<readonly SourceId[]> {
  const sources = condition === null ? [] : leavesOf(condition).filter((source) => !isOpenSource(source));
  const ids = await db.transaction().execute((tx) => readSourceIds(tx, sources));
  const found = sources.flatMap((source) => ids(source) ?? []);
  return [...new Map(found.map((id) => [JSON.stringify(id), id])).values()];
}

function scenarioOf(
  definition: Definition,
  condition: Condition<Source> | null,
  isOwn: boolean,
): Omit<Scenario, 'steps'> {
  const { maxActiveRuns, whilePaused, settle, takes, deadline, partitions, ticksWait, requestedRunsConsume } =
    definition;
  return {
    ...{ condition, maxActiveRuns, whilePaused, startFrom: 'now' },
    requestedRunsConsume: isOwn && requestedRunsConsume,
    ...(isOwn && ticksWait === true ? { ticksWait } : {}),
    ...(settle === undefined ? {} : { settle }),
    ...(takes === undefined ? {} : { takes }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(partitions === undefined ? {} : { partitions }),
  };
}

function assumed({
  isOwn,
  changes,
  typicalMs,
  isKnown,
}: {
  readonly isOwn: boolean;
  readonly changes: number;
  readonly typicalMs: number;
  readonly isKnown: boolean;
}): readonly string[] {
  const seconds = `${Math.round(typicalMs / 1_000)} s`;
  return [
    `A run that there was not is taken to run for ${isKnown ? `as long as others did, ${seconds}` : `${seconds}, for no run ended that could tell`}.`,
    ...(isOwn
      ? ['It begins with what was queued then.']
      : ['It begins with nothing queued, and keeps the other options of the DAG.']),
    ...(isOwn && changes > 0
      ? ['The DAG was deployed with changes since: its newest schedule is played all along.']
      : []),
  ];
}

function refuseMore(what: string, found: number, limit: number): void {
  if (found <= limit) return;
  throw new TidegateError(
    'invalid_input',
    `since then there were more than ${limit} ${what}, which is as much as one backtest goes through: give a later one`,
  );
}
