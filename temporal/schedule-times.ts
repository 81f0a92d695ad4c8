import { isGrpcServiceError } from '@temporalio/client';
import { msNumberToTs, tsToMs } from '@temporalio/common/lib/time.js';
import type { DagId } from '../core/ids.ts';
import { tickWorkflowId } from '../core/workflow-names.ts';
import type { Temporal } from './deps.ts';

const minuteMs = 60_000;
/** Beyond this no time is looked for: the 29th of February comes every eight years at most. */
const farthestMs = 9 * 366 * 86_400_000;
/** Each stretch that is looked through is so many times as long as the one before, so none has many more times than are wanted. */
const growth = 16;
/** NOT_FOUND. */
const notFound = 5;

/** The newest times of a DAG's schedule behind `after`, up to and with `upTo`; in order, at most `most`. They are Temporal's. */
export async function lastTimes(
  temporal: Temporal,
  dagId: DagId,
  { after, upTo, most }: { readonly after: number; readonly upTo: number; readonly most: number },
): Promise<readonly number[]> {
  const earliest = Math.max(after, upTo - farthestMs);
  for (let span = minuteMs; ; span *= growth) {
    const from = Math.max(earliest, upTo - span);
    const times = await timesBetween(temporal, dagId, from, upTo);
    if (times.length >= most || from === earliest) return times.slice(-most);
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
    const times = await timesBetween(temporal, dagId, after, upTo);
    if (times.length >= most || span >= farthestMs) return times.slice(0, most);
  }
}

/** All times behind `after`, up to and with `upTo`; none where there is no schedule. */
async function timesBetween(
  { client, namespace }: Temporal,
  dagId: DagId,
  after: number,
  upTo: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let from = after; from < upTo;) {
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
  return times;
}
