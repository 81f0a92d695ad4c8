import { letPass } from '../core/consumer.ts';
import { withDue } from '../core/deadline.ts';
import { reach } from '../core/gate.ts';
import { nextChangeAt } from '../core/gate-time.ts';
import { type Life, reached as noted, settle, storeGate } from './life.ts';
import { reachTime } from './local-activities.ts';
import type { RunStarter } from './run-starter.ts';

/** How long events are waited for that were recorded before a time and are not counted yet. */
const behindMs = 1_000;
/** How long the log's clock is waited for where Temporal's is ahead of it. */
const clockLagMs = 100;

/** When time alone changes something; `null` where nothing changes by it, or while a batch is not whole. */
export function nextAlarmAt({ consumer, isOver, behindUntil = 0 }: Life): number | null {
  const next = isOver || consumer.gate.midBatch ? null : nextChangeAt(consumer.gate);
  return next === null ? null : Math.max(next, behindUntil);
}

/** Takes note of a deadline; it is decided once all that was recorded until then is counted. */
export async function takeDue(runs: RunStarter, life: Life, dueAt: number): Promise<Life> {
  if (life.isOver) return life;
  const { consumer } = life;
  const next = noted(life, { kind: 'deadline', counted: consumer.gate.watermark, dueAt });
  return settle(runs, { ...next, consumer: { ...consumer, gate: withDue(consumer.gate, dueAt) } });
}

/** Decides what is due by now, once all that was recorded until now is counted. What is not counted yet is on its way, and comes first. */
export async function takeTime(runs: RunStarter, life: Life): Promise<Life> {
  const { dagId, epoch } = life;
  const at = Date.now();
  const { watermark } = life.consumer.gate;
  const reached = await reachTime({ dagId, at, after: watermark });
  if (reached.kind === 'behind') return { ...life, behindUntil: at + behindMs };

  // Histories from before the log's clock was asked have no time in the answer.
  const now = (reached as { readonly at?: number }).at ?? at;
  let current: Life = {
    ...noted(life, { kind: 'time', counted: reached.upTo, at: now }),
    ...(now < at ? { behindUntil: at + clockLagMs } : {}),
    consumer: { ...life.consumer, gate: reach(life.consumer.gate, reached.upTo, false) },
  };
  for (;;) {
    const passed = letPass(current.consumer, now);
    current = { ...current, consumer: passed.consumer };
    if (!passed.isOpenable) break;
    current = await settle(runs, current);
    if (current.epoch !== epoch) return current;
  }
  return current.consumer.gate.expired === undefined ? current : storeGate(runs, current);
}
