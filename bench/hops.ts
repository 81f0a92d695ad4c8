import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Bench } from './bench.ts';
import { now } from './marks.ts';
import { type Measurement, median } from './measurement.ts';
import { startParent } from './raw/client.ts';
import type { Stand } from './stand.ts';

const pauseMs = 400;
const warmUps = 5;

interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** A point on the way, and when it was reached in each sample. */
type Way = readonly (readonly [name: string, at: number])[];

/** Where the time of `latency` goes, hop by hop, with API and worker traced. Tracing itself costs a little. */
export const hops: Bench = {
  name: 'hops',
  entries: { api: 'bench/traced/api.ts', worker: 'bench/traced/worker.ts' },
  async run(stand, { rounds, isQuick }, say) {
    const count = (isQuick ? 5 : 10) * rounds;
    const { client } = stand.temporal;
    const parent = await startParent(client, 'hops-raw');
    const assetId = await stand.assetId('bench://hops');
    say(`${count} events and as many signals`);
    const ours: number[] = [];
    const raw: (readonly [sentAt: number, codeAt: number])[] = [];
    for (let index = 0; index < count + warmUps; index++) {
      ours.push(
        await once(stand, 'hops', () => stand.api.post('/api/v2/assets/events', { asset_id: assetId })),
      );
      const sentAt = Date.now();
      const startedAt = now();
      const before = stand.marks.count('hops-raw');
      await parent.signal('go');
      const [markedAt = Number.NaN] = await stand.marks.more('hops-raw', before, 1);
      raw.push([sentAt, sentAt + markedAt - startedAt]);
      await delay(pauseMs);
    }
    await delay(1_000);
    const spans = await readTrace(stand);
    const consumer = await eventsOf(client, 'dag/hops');
    const parentEvents = await eventsOf(client, 'hops-raw');
    const ways = [];
    const rawWays = [];
    for (const sentAt of ours.slice(warmUps)) ways.push(await wayOfEvent(client, spans, consumer, sentAt));
    for (const [sentAt, codeAt] of raw.slice(warmUps)) {
      rawWays.push(await wayOfSignal(client, parentEvents, sentAt, codeAt));
    }
    return [...toMeasurements('', ways), ...toMeasurements('raw: ', rawWays)];
  },
};

/** @returns the time it was sent, in epoch milliseconds */
async function once({ marks }: Stand, name: string, act: () => Promise<unknown>): Promise<number> {
  const before = marks.count(name);
  const sentAt = Date.now();
  await act();
  await marks.more(name, before, 1);
  await delay(pauseMs);
  return sentAt;
}

async function wayOfEvent(
  client: Client,
  spans: readonly Span[],
  consumer: readonly HistoryEvent[],
  sentAt: number,
): Promise<Way> {
  const first = (pattern: RegExp): Span =>
    spans.find(({ name, from }) => from >= sentAt - 1 && pattern.test(name)) ?? nowhere;
  const own = consumer.filter(({ at }) => at >= sentAt);
  const child = own.find(({ attributes }) => attributes.childRunId !== undefined);
  const run = await eventsOf(client, child?.attributes.childId ?? '', child?.attributes.childRunId);
  const task = first(/^activity hops\.touch/);
  const begun = spans.filter(({ name, from }) => name.startsWith('sql') && from >= task.from);
  return [
    ['request arrives', first(/^request/).from],
    ['accepted (committed)', first(/^sql with tried as/).to],
    ['undelivered read', first(/^sql with looked as/).to],
    ['signal in the history', timeOf(own, 'workflowExecutionSignaled')],
    ['consumer: workflow task started', timeOf(own, 'workflowTaskStarted')],
    ['openRuns begins', first(/^activity openRuns/).from],
    ['openRuns ends', first(/^activity openRuns/).to],
    ['child asked for', timeOf(own, 'startChildWorkflowExecutionInitiated')],
    ['child started', timeOf(run, 'workflowExecutionStarted')],
    ['child: workflow task started', timeOf(run, 'workflowTaskStarted')],
    ['activity scheduled', timeOf(run, 'activityTaskScheduled')],
    ['activity in the worker', task.from],
    [
      'try begun (committed)',
      begun.find(({ name }) => name.startsWith('sql with open_run'))?.to ?? Number.NaN,
    ],
    ['code', first(/^code/).from],
  ];
}

async function wayOfSignal(
  client: Client,
  parent: readonly HistoryEvent[],
  sentAt: number,
  codeAt: number,
): Promise<Way> {
  const own = parent.filter(({ at }) => at >= sentAt);
  const child = own.find(({ attributes }) => attributes.childRunId !== undefined);
  const run = await eventsOf(client, child?.attributes.childId ?? '', child?.attributes.childRunId);
  return [
    ['signal sent', sentAt],
    ['signal in the history', timeOf(own, 'workflowExecutionSignaled')],
    ['parent: workflow task started', timeOf(own, 'workflowTaskStarted')],
    ['child asked for', timeOf(own, 'startChildWorkflowExecutionInitiated')],
    ['child started', timeOf(run, 'workflowExecutionStarted')],
    ['child: workflow task started', timeOf(run, 'workflowTaskStarted')],
    ['activity scheduled', timeOf(run, 'activityTaskScheduled')],
    ['code', codeAt],
  ];
}

/** One line a hop: from the point before to this one; then the whole way. Points of other tasks may lie side by side. */
function toMeasurements(prefix: string, ways: readonly Way[]): readonly Measurement[] {
  const points = ways[0]?.map(([name]) => name) ?? [];
  const at = (way: Way, index: number): number => way[index]?.[1] ?? Number.NaN;
  const lines = points.slice(1).map((name, index) => {
    const samples = ways.map((way) => at(way, index + 1) - at(way, index)).filter((ms) => !Number.isNaN(ms));
    return { what: `${prefix}${points[index]} → ${name}`, unit: 'ms', ours: median(samples), samples };
  });
  const samples = ways.map((way) => at(way, points.length - 1) - at(way, 0));
  return [...lines, { what: `${prefix}the whole way`, unit: 'ms', ours: median(samples), samples }];
}

const nowhere: Span = { name: '', from: Number.NaN, to: Number.NaN };

async function readTrace({ folder }: Stand): Promise<readonly Span[]> {
  const text = await readFile(join(folder, 'trace.tsv'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [name = '', from, to] = line.split('\t');
      return { name, from: Number(from), to: Number(to) };
    })
    .toSorted((a, b) => a.from - b.from);
}

interface HistoryEvent {
  /** Name of its attributes, without the ending. */
  readonly kind: string;
  readonly at: number;
  readonly attributes: { readonly childId?: string | undefined; readonly childRunId?: string | undefined };
}

async function eventsOf(
  client: Client,
  workflowId: string,
  runId?: string,
): Promise<readonly HistoryEvent[]> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return (events ?? []).map((event) => {
    const [key = ''] = Object.entries(event)
      .filter(([name, value]) => name.endsWith('EventAttributes') && value !== null && value !== undefined)
      .map(([name]) => name);
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    return {
      kind: key.slice(0, -'EventAttributes'.length),
      at: Number(event.eventTime?.seconds ?? 0) * 1_000 + (event.eventTime?.nanos ?? 0) / 1e6,
      attributes: { childId: child?.workflowId ?? undefined, childRunId: child?.runId ?? undefined },
    };
  });
}

function timeOf(events: readonly HistoryEvent[], kind: string): number {
  return events.find((event) => event.kind === kind)?.at ?? Number.NaN;
}
