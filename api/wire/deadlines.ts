import type { DeadlineRecord } from '../../store/deadlines.ts';
import type { Deadline } from '../contract/deadlines.ts';
import { toInstant, toOptionalInstant } from './instants.ts';

export function toDeadline({ due_at, outcome, run_id, missing, decided_at }: DeadlineRecord): Deadline {
  return {
    due: toInstant(due_at),
    outcome,
    dag_run_id: run_id,
    missing: [...missing],
    decided_at: toOptionalInstant(decided_at),
  };
}
