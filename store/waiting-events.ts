import type { Seq } from '../core/asset-event.ts';
import type { Definition } from '../core/definition.ts';
import type { Gate, Queued } from '../core/gate.ts';
import { judgeOf } from '../core/judge.ts';
import { isBase, type LeafId } from '../core/leaves.ts';
import type { Waiting, WaitingEvent } from '../core/prefix.ts';
import type { Tx } from './log.ts';
import { leavesOf, readQueuedPage } from './queued-page.ts';

/** Reads the oldest events that a gate has queued, about so many of each subscription, with the leaves that each counts under by its definition. */
export async function readWaiting(
  tx: Tx,
  definition: Definition,
  gate: Gate,
  limit: number,
): Promise<Waiting> {
  const judge = judgeOf(definition);
  const { ignored = [] } = gate;
  const events = new Map<Seq, WaitingEvent>();
  let complete = Number.POSITIVE_INFINITY;
  for (const [name, { firstSeq, lastSeq }] of Object.entries<Queued>(gate.queued)) {
    const base = name as LeafId;
    if (!isBase(base)) continue;
    const page = await readQueuedPage(tx, base, { after: firstSeq - 1, upTo: lastSeq, ignored, limit });
    for (const row of page.filter(({ isIgnored }) => !isIgnored)) {
      const leaves = leavesOf(judge, base, row).map(({ leaf }) => leaf);
      const known = events.get(row.seq);
      events.set(row.seq, { seq: row.seq, at: row.at, leaves: [...(known?.leaves ?? []), ...leaves] });
    }
    const last = page.at(-1);
    if (last !== undefined && page.length === limit && last.seq < lastSeq)
      complete = Math.min(complete, last.seq);
  }
  return {
    // Behind the end of a page that is not the last, others may lie in between.
    events: [...events.values()].filter(({ seq }) => seq <= complete).toSorted((a, b) => a.seq - b.seq),
    isAll: complete === Number.POSITIVE_INFINITY,
  };
}
