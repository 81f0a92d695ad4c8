import { isGrpcServiceError } from '@temporalio/client';
import { msNumberToTs, tsToMs } from '@temporalio/common/lib/time.js';
import type { DagId } from '../core/ids.ts';
import { tickWorkflowId } from '../core/workflow-names.ts';
import type { Tick } from '../store/ticks.ts';
import type { Temporal } from './deps.ts';

const minuteMs = 60_000;
/** Beyond this no time is looked for: the 29th of February comes every eight years at most. */
const farthestMs = 9 * 366 * 86_400_000;
/** Each stretch that is looked through is so many times as long as the one before. */
const growth = 16;
/** Times that are read of one stretch at most: twice what Temporal tells at once, and more than anybody asks for. */
const mostRead = 2_000;
/** NOT_FOUND. */
const notFound = 5;

/**
 * The newest times of a DAG's schedule behind `after`, up to and with `upTo`; in order, at most `most`, which is 1,000 or less. They are
 * Temporal's, which tells the oldest of a stretch first: stretches grow until one holds enough, and shrink again where it holds too many.
 */
export async function lastTimes(
  temporal: Temporal,
  dagId: DagId,
  { after, upTo, most }: { readonly after: number; readonly upTo: number; readonly most: number },
): Promise<readonly number[]> {
  const earliest = Math.max(after, upTo - farthestMs);
  let tooShort = 0;
  let tooLong = Number.POSITIVE_INFINITY;
  for (let span = minuteMs; ;) {
    const from = Math.max(earliest, upTo - span);
    const times = await timesBetween(temporal, dagId, { after: from, upTo, most: mostRead });
    const isWhole = times.length < mostRead;
    if (isWhole && (times.length >= most || from === earliest)) return times.slice(-most);
    if (isWhole) tooShort = upTo - from;
    else tooLong = upTo - from;
    // No two times are that close.
    if (tooLong - tooShort <= 1) return times.slice(-most);
    span = tooLong === Number.POSITIVE_INFINITY ? span * growth : Math.floor((tooShort + tooLong) / 2);
  }
}

/** The next times of a DAG's schedule behind `after`, in order, at most `most`; also while it is paused. */
export async function nextTimes(
  temporal: Temporal,
  dagId: DagId,
  { after, most }: { readonly after: number; readonly most: number },
): Promise<readonly number[]> {
  for (let span = minuteMs; ; span *= growth) {
    const upTo = after + Math.min(span, farthestMs);
    const times = await timesBetween(temporal, dagId, { after, upTo, most });
    if (times.length >= most || span >= farthestMs) return times;
  }
}

/** Times of a DAG's schedule that follow each other, each with the one before it. */
export async function withPrevious(
  temporal: Temporal,
  dagId: DagId,
  times: readonly number[],
): Promise<readonly Tick[]> {
  const [first] = times;
  if (first === undefined) return [];
  const [before = null] = await lastTimes(temporal, dagId, { after: 0, upTo: first - 1, most: 1 });
  return times.map((nominalAt, nth) => ({ nominalAt, previousAt: times[nth - 1] ?? before }));
}

/** The first times behind `after`, up to and with `upTo`, at most `most`; none where there is no schedule. */
async function timesBetween(
  { client, namespace }: Temporal,
  dagId: DagId,
  { after, upTo, most }: { readonly after: number; readonly upTo: number; readonly most: number },
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let from = after; from < upTo && times.length < most;) {
    const page = await client.workflowService
      .listScheduleMatchingTimes({
        ...{ namespace, scheduleId: tickWorkflowId(dagId) },
        ...{ startTime: msNumberToTs(from), endTime: msNumberToTs(upTo) },
      })
      .catch((error: unknown) => {
        if (isGrpcServiceError(error) && Number(error.code) === notFound) return { startTime: [] };
        throw error;
      });
    const found = page.startTime.map(tsToMs).filter((at) => at > from && at <= upTo);
    times.push(...found);
    const last = found.at(-1);
    if (last === undefined) break;
    from = last;
  }
  return times.slice(0, most);
}
