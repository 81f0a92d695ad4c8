import { letPass } from '../core/consumer.ts';
import { reach } from '../core/gate.ts';
import { nextChangeAt } from '../core/gate-time.ts';
import { type Life, reached as noted, settle } from './life.ts';
import { reachTime } from './local-activities.ts';
import type { RunStarter } from './run-starter.ts';
import { storeGate } from './take-messages.ts';

/** How long events are waited for that were recorded before a time and are not counted yet. */
const behindMs = 1_000;

/** When time alone changes something; `null` where nothing changes by it, or while a batch is not whole. */
export function nextAlarmAt({ consumer, isOver, behindUntil = 0 }: Life): number | null {
  const next = isOver || consumer.gate.midBatch ? null : nextChangeAt(consumer.gate);
  return next === null ? null : Math.max(next, behindUntil);
}

/** Decides what is due by now, once all that was recorded until now is counted. What is not counted yet is on its way, and comes first. */
export async function takeTime(runs: RunStarter, life: Life): Promise<Life> {
  const { dagId, epoch } = life;
  const at = Date.now();
  const { watermark } = life.consumer.gate;
  const reached = await reachTime({ dagId, at, after: watermark });
  if (reached.kind === 'behind') return { ...life, behindUntil: at + behindMs };

  let current: Life = {
    ...noted(life, { kind: 'time', counted: reached.upTo, at }),
    consumer: { ...life.consumer, gate: reach(life.consumer.gate, reached.upTo, false) },
  };
  for (;;) {
    const passed = letPass(current.consumer, at);
    current = { ...current, consumer: passed.consumer };
    if (!passed.isOpenable) break;
    current = await settle(runs, current);
    if (current.epoch !== epoch) return current;
  }
  return current.consumer.gate.expired === undefined ? current : storeGate(runs, current);
}
