import type { DagRunAttempt } from '../api/contract/clearing.ts';
import { instanceName } from '../core/ids.ts';
import { type Cell, instant, type Section, state } from './report.ts';

/** Attempts of a run and what was said of them by hand; nothing where all there was is one attempt. */
export function attemptTable(attempts: readonly DagRunAttempt[]): readonly Section[] {
  if (attempts.length === 1 && attempts[0]?.marks.length === 0) return [];
  const headers = ['ATTEMPT', 'STATE', 'WHY', 'BY', 'STARTED', 'ENDED', 'REASON'];
  const columns = headers.map((header) =>
    header === 'REASON' ? { header, cut: true as const } : { header },
  );
  const rows = attempts.flatMap((attempt): Cell[][] => [
    [
      ...[attempt.attempt, state(attempt.state), attempt.why, attempt.who],
      ...[instant(attempt.start_date), instant(attempt.end_date), attempt.state_reason],
    ],
    ...attempt.marks.map(({ task_id, map_index, became, was, who, at, note }): Cell[] => [
      ...[attempt.attempt, state(became), 'mark', who, null, instant(at)],
      `${task_id === null ? 'the run' : `task ${instanceName(task_id, map_index)}`} was ${was ?? 'never come to'}${note === null ? '' : `: ${note}`}`,
    ]),
  ]);
  return [{ kind: 'table', title: 'attempts', columns, rows, empty: 'none' }];
}
