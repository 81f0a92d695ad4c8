import { unreachable } from './errors.ts';
import type { TaskEnd } from './run-plan.ts';

/** When a task may start, given how the tasks it needs ended (Airflow's words and meanings). But for `one_done`, `failed` is also what could not start because of a failure. */
export const triggerRules = [
  'all_success',
  'all_failed',
  'all_done',
  'all_done_min_one_success',
  'all_skipped',
  'one_failed',
  'one_success',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'always',
] as const;
export type TriggerRule = (typeof triggerRules)[number];

/** What becomes of a task: it starts, waits for more, or ends without having started. */
export type Verdict = 'start' | 'wait' | 'skipped' | 'upstream_failed';

/** @param upstream - how the tasks it needs ended, at least one; `undefined` of those that have not */
export function judgeTask(rule: TriggerRule, upstream: readonly (TaskEnd | undefined)[]): Verdict {
  const isDone = !upstream.includes(undefined);
  const succeeded = upstream.includes('success');
  const failed = upstream.includes('failed') || upstream.includes('upstream_failed');
  const skipped = upstream.includes('skipped');
  const onceDone = (verdict: Verdict): Verdict => (isDone ? verdict : 'wait');

  switch (rule) {
    case 'all_success':
      if (failed) return 'upstream_failed';
      return skipped ? 'skipped' : onceDone('start');
    case 'all_failed':
      return succeeded || skipped ? 'skipped' : onceDone('start');
    case 'all_done':
      return onceDone('start');
    case 'all_done_min_one_success':
      if (succeeded) return onceDone('start');
      return onceDone(failed ? 'upstream_failed' : 'skipped');
    case 'all_skipped':
      return succeeded || failed ? 'skipped' : onceDone('start');
    case 'one_failed':
      return failed ? 'start' : onceDone('skipped');
    case 'one_success':
      if (succeeded) return 'start';
      return onceDone(failed ? 'upstream_failed' : 'skipped');
    case 'one_done':
      return succeeded || upstream.includes('failed') ? 'start' : onceDone('skipped');
    case 'none_failed':
      return failed ? 'upstream_failed' : onceDone('start');
    case 'none_failed_min_one_success':
      if (failed) return 'upstream_failed';
      return onceDone(succeeded ? 'start' : 'skipped');
    case 'none_skipped':
      return skipped ? 'skipped' : onceDone('start');
    case 'always':
      return 'start';
    default:
      return unreachable(rule);
  }
}
