import type { TaskId } from './ids.ts';
import { endOf, type RunPlan, type TaskEnd, type TaskEnds } from './run-plan.ts';

const maxLines = 50;
const marks: Readonly<Record<TaskEnd, string>> = {
  success: '✓',
  failed: '✗',
  skipped: '↷',
  upstream_failed: '⊘',
};

/** How far a run is, as Markdown for Temporal's Web UI. */
export function runDetails({ tasks }: RunPlan, ends: TaskEnds, started: ReadonlySet<TaskId>): string {
  const ended = tasks.filter(({ id }) => endOf(ends, id) !== undefined).length;
  const lines = tasks.slice(0, maxLines).map(({ id }) => {
    const end = endOf(ends, id);
    if (end !== undefined) return `- ${marks[end]} ${id}: ${end.replace('_', ' ')}`;
    return started.has(id) ? `- ▶ ${id}: running` : `- ○ ${id}: waiting`;
  });
  const cut = tasks.length > maxLines ? [`- … and ${tasks.length - maxLines} more`] : [];
  return [`${ended} of ${tasks.length} tasks ended`, '', ...lines, ...cut].join('\n');
}
