import { runWorkflowId } from '../../core/workflow-names.ts';
import type { RunStory } from '../../store/attempt-queries.ts';
import type { MarkRow, RunRow } from '../../store/run-tables.ts';
import type { DagRunAttempt } from '../contract/clearing.ts';
import { toInstant, toOptionalInstant } from './instants.ts';

/** Every attempt of a run: how each ended is kept by the one behind it. */
export function toAttempts(run: RunRow, { attempts, marks }: RunStory): readonly DagRunAttempt[] {
  const last = { state: run.state, reason: run.reason, startedAt: run.started_at, endedAt: run.ended_at };
  const endings = attempts.map((next) => ({
    ...{ state: next.last_state, reason: next.last_reason },
    ...{ startedAt: next.last_started_at, endedAt: next.last_ended_at },
  }));
  return [...endings, last].map(({ state, reason, startedAt, endedAt }, index): DagRunAttempt => {
    const attempt = index + 1;
    const asked = attempts[index - 1];
    return {
      ...{ attempt, state, state_reason: reason },
      ...{ start_date: toOptionalInstant(startedAt), end_date: toOptionalInstant(endedAt) },
      ...{ why: asked?.why ?? null, who: asked?.who ?? null },
      asked_at: toOptionalInstant(asked?.asked_at ?? null),
      task_ids: asked === undefined ? null : [...asked.tasks],
      temporal_workflow_id: runWorkflowId(run.dag_id, run.run_id, attempt),
      marks: marks.filter((mark) => mark.attempt === attempt).map(toMark),
    };
  });
}

function toMark({
  task_id,
  map_index,
  who,
  at,
  was,
  was_reason,
  became,
  note,
}: MarkRow): DagRunAttempt['marks'][number] {
  return { task_id, map_index, who, at: toInstant(at), was, was_reason, became, note };
}
