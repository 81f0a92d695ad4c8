import type { TaskId } from './ids.ts';
import { endOf, type RunPlan, type TaskEnd, type TaskEnds } from './run-plan.ts';

const maxLines = 50;
const marks: Readonly<Record<TaskEnd, string>> = {
  success: '✓',
  failed: '✗',
  skipped: '↷',
  upstream_failed: '⊘',
};

/** Tasks that have not ended. */
export interface Underway {
  readonly started: ReadonlySet<TaskId>;
  /** Those that wait for a slot of a pool, and why. */
  readonly waiting: ReadonlyMap<TaskId, string>;
}

/** How far a run is, as Markdown for Temporal's Web UI. */
export function runDetails({ tasks }: RunPlan, ends: TaskEnds, { started, waiting }: Underway): string {
  const ended = tasks.filter(({ id }) => endOf(ends, id) !== undefined).length;
  const lines = tasks.slice(0, maxLines).map(({ id }) => {
    const end = endOf(ends, id);
    if (end !== undefined) return `- ${marks[end]} ${id}: ${end.replace('_', ' ')}`;
    const why = waiting.get(id);
    if (why !== undefined) return `- ⏳ ${id}: queued, ${why}`;
    return started.has(id) ? `- ▶ ${id}: running` : `- ○ ${id}: waiting`;
  });
  const cut = tasks.length > maxLines ? [`- … and ${tasks.length - maxLines} more`] : [];
  return [`${ended} of ${tasks.length} tasks ended`, '', ...lines, ...cut].join('\n');
}
