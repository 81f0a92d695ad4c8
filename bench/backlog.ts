import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer } from '../core/consumer.ts';
import { parseDagId } from '../core/ids.ts';
import { consumerWorkflowId } from '../core/workflow-names.ts';
import { ensureConsumer } from '../temporal/consumer-workflow.ts';
import type { Bench } from './bench.ts';
import { each } from './clients.ts';
import { now } from './marks.ts';
import { atMost, compare, type Measurement } from './measurement.ts';
import type { Stand } from './stand.ts';

const bulkSize = 1_000;
/** Events of a history after which Temporal suggests to continue as new, and what a message or two may add. */
const historyBound = 4_096 + 500;

/** What a consumer is after a million events for one half of its condition, beside one that holds ten. */
export const backlog: Bench = {
  name: 'backlog',
  async run(stand, { rounds, isQuick }, say) {
    const million = isQuick ? 100_000 : 1_000_000;
    await post(stand, 'few', 10, 1);
    const startedAt = now();
    say(`recording ${million} events`);
    await post(stand, 'many', million, bulkSize);
    const recordedMs = now() - startedAt;
    say('waiting until they are counted');
    await holds(stand, 'few', 10);
    await holds(stand, 'many', million);
    const countedMs = now() - startedAt;

    const [few, many] = [await stateOf(stand, 'few'), await stateOf(stand, 'many')];
    const answers: [number, number][] = [];
    const restored: [number, number][] = [];
    for (let round = 1; round <= rounds; round++) {
      say(`restart ${round} of ${rounds}`);
      const ofMany = await restart(stand, 'many', million);
      const ofFew = await restart(stand, 'few', 10);
      answers.push([ofMany.answersMs, ofFew.answersMs]);
      restored.push([ofMany.restoredMs, ofFew.restoredMs]);
    }
    const afterwards = await stateOf(stand, 'many');

    const small = 'holding 10';
    return [
      // Larger numbers have more digits, and nothing else is larger.
      compare(
        `gate of a consumer holding ${million}`,
        'bytes',
        small,
        [[many.bytes, few.bytes]],
        atMost(1.1),
      ),
      {
        what: `longest history of its workflow, ${many.executions} executions`,
        ...{ unit: 'events', ours: many.longest, samples: [many.longest] },
        target: { of: 'ours', kind: 'at most', value: historyBound },
        note: `largest ${many.largestBytes} bytes; after ${rounds} restarts ${afterwards.longest} events, ${afterwards.largestBytes} bytes`,
      },
      compare('terminated → a new one answers', 'ms', small, answers, atMost(1.2)),
      compare('terminated → it holds all of it again', 'ms', small, restored, atMost(1.2)),
      rate('recorded in bulk', million, recordedMs),
      rate('recorded and counted', million, countedMs),
    ];
  },
};

function rate(what: string, count: number, ms: number): Measurement {
  const perSecond = (count / ms) * 1_000;
  return { what, unit: '/s', ours: perSecond, samples: [perSecond] };
}

async function post(stand: Stand, dagId: string, count: number, size: number): Promise<void> {
  const assetId = await stand.assetId(`bench://${dagId}/one`);
  const text = JSON.stringify({ events: Array.from({ length: size }, () => ({ asset_id: assetId })) });
  await each(4, count / size, () => stand.api.postText('/api/v2/assets/events/bulk', text));
}

/** Waits until a consumer holds so many events. */
async function holds(stand: Stand, dagId: string, count: number): Promise<void> {
  const until = now() + 300_000;
  for (;;) {
    const consumer = await gateOf(stand, dagId).catch(() => null);
    const held = Object.values(consumer?.gate.queued ?? {}).reduce((sum, queued) => sum + queued.count, 0);
    if (held === count) return;
    if (held > count || now() > until) throw new Error(`${dagId} holds ${held} of ${count} events`);
    await delay(5);
  }
}

/** Ends a consumer the hard way and starts it again, as a sweep does. */
async function restart(
  stand: Stand,
  dagId: string,
  count: number,
): Promise<{ readonly answersMs: number; readonly restoredMs: number }> {
  const { temporal } = stand;
  await temporal.client.workflow.getHandle(workflowIdOf(dagId)).terminate('bench');
  const startedAt = now();
  await ensureConsumer(temporal, parseDagId(dagId));
  while ((await gateOf(stand, dagId).catch(() => null)) === null) await delay(1);
  const answersMs = now() - startedAt;
  await holds(stand, dagId, count);
  return { answersMs, restoredMs: now() - startedAt };
}

async function gateOf({ temporal }: Stand, dagId: string): Promise<Consumer | null> {
  return temporal.client.workflow.getHandle(workflowIdOf(dagId)).query<Consumer | null>('gate');
}

interface State {
  /** What the workflow holds, as JSON. */
  readonly bytes: number;
  readonly executions: number;
  /** Events of its longest history. */
  readonly longest: number;
  readonly largestBytes: number;
}

async function stateOf(stand: Stand, dagId: string): Promise<State> {
  const { workflow } = stand.temporal.client;
  const bytes = JSON.stringify(await gateOf(stand, dagId)).length;
  let state: State = { bytes, executions: 0, longest: 0, largestBytes: 0 };
  for await (const { runId } of workflow.list({ query: `WorkflowId = '${workflowIdOf(dagId)}'` })) {
    const { historyLength, historySize } = await workflow.getHandle(workflowIdOf(dagId), runId).describe();
    state = {
      bytes,
      executions: state.executions + 1,
      longest: Math.max(state.longest, historyLength),
      largestBytes: Math.max(state.largestBytes, historySize ?? 0),
    };
  }
  return state;
}

function workflowIdOf(dagId: string): string {
  return consumerWorkflowId(parseDagId(dagId));
}
