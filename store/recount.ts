import type { Seq } from '../core/asset-event.ts';
import { type Delivery, toBatches } from '../core/batch.ts';
import type { Definition } from '../core/definition.ts';
import type { Gate, Queued } from '../core/gate.ts';
import { count } from '../core/gate-count.ts';
import { emptyGate, redefine } from '../core/gate-terms.ts';
import { tooOldBefore } from '../core/gate-time.ts';
import { withMetAt } from '../core/settling.ts';
import { judgeOf } from '../core/judge.ts';
import { baseOf, isBase, type LeafId } from '../core/leaves.ts';
import type { Tx } from './log.ts';
import { leavesOf, readQueuedPage } from './queued-page.ts';

/** Events read in one statement. */
const pageSize = 10_000;

/** Which of the queued events of a subscription to count. */
interface Recounting {
  /** The leaf of the subscription, with its key. */
  readonly base: LeafId;
  readonly queued: Queued;
  /** Leaves out what was recorded before. */
  readonly notBefore?: number;
}

/**
 * Counts queued events anew, leaf by leaf, as a definition has them: what a gate only counts cannot say which of it is older than a time, or meets a
 * leaf that was not there before. What pauses ignored is left out.
 */
export async function recount(
  tx: Tx,
  definition: Definition,
  { ignored = [] }: Gate,
  wishes: readonly Recounting[],
): Promise<Gate['queued']> {
  const judge = judgeOf(definition);
  const queued: Record<LeafId, Queued> = {};
  for (const { base, queued: before, notBefore = 0 } of wishes) {
    const deliveries: Delivery[] = [];
    for (let after = before.firstSeq - 1; ;) {
      const page = await readQueuedPage(tx, base, { after, upTo: before.lastSeq, ignored, limit: pageSize });
      for (const row of page.filter(({ at, isIgnored }) => at >= notBefore && !isIgnored)) {
        const met = leavesOf(judge, base, row);
        deliveries.push(
          ...met.map((leaf) => ({ seq: row.seq, batchEnd: row.batch_end, at: row.at, ...leaf })),
        );
      }
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) break;
      after = last.seq;
    }
    const counted = toBatches(deliveries).reduce(count, emptyGate({ condition: definition.condition }, 0));
    Object.assign(queued, counted.queued);
  }
  return queued;
}

/** Puts a definition in force, and counts what is queued under the leaves that it asks for anew. */
export async function redefineQueued(tx: Tx, definition: Definition, gate: Gate, at: Seq) {
  const redefined = redefine(gate, definition, at);
  const { uncounted } = redefined;
  if (uncounted.length === 0) return redefined;
  const bases = [...new Set(uncounted.map(baseOf))];
  const wishes = bases.flatMap((base) => {
    const queued = redefined.gate.queued[base];
    return queued === undefined ? [] : [{ base, queued }];
  });
  const counted = await recount(tx, definition, gate, wishes);
  const added = Object.entries<Queued>(counted).filter(([leaf]) => uncounted.some((one) => one === leaf));
  const queued = { ...redefined.gate.queued, ...Object.fromEntries(added) };
  return { ...redefined, gate: withMetAt({ ...redefined.gate, queued }) };
}

/** The gate with the true counts of queues whose oldest events are too old to count. */
export async function withoutTooOld(tx: Tx, definition: Definition, gate: Gate): Promise<Gate> {
  const tooOld = tooOldBefore(gate);
  const wishes = (Object.entries<Queued>(gate.queued) as [LeafId, Queued][]).flatMap(([base, queued]) => {
    const before = isBase(base) ? tooOld(base, queued) : null;
    return before === null ? [] : [{ base, queued, notBefore: before + 1 }];
  });
  if (wishes.length === 0) return gate;
  const bases = new Set<string>(wishes.map(({ base }) => base));
  const others = Object.entries<Queued>(gate.queued).filter(([leaf]) => !bases.has(baseOf(leaf as LeafId)));
  const counted = Object.entries<Queued>(await recount(tx, definition, gate, wishes));
  // A leaf that forgets sooner may have nothing left.
  const left = counted.filter(([leaf]) => Object.hasOwn(gate.queued, leaf));
  return { ...gate, queued: Object.fromEntries([...others, ...left]) };
}
