import type { TaskId } from './ids.ts';
import type { RunPlan, TaskEnd } from './run-plan.ts';

const maxLines = 50;
const marks: Readonly<Record<TaskEnd, string>> = {
  success: '✓',
  failed: '✗',
  skipped: '↷',
  upstream_failed: '⊘',
};

/** How far a run is, as Markdown for Temporal's Web UI. */
export function runDetails(
  { tasks }: RunPlan,
  ends: Readonly<Record<TaskId, TaskEnd>>,
  started: ReadonlySet<TaskId>,
): string {
  const ended = tasks.filter(({ id }) => ends[id] !== undefined).length;
  const lines = tasks.slice(0, maxLines).map(({ id }) => {
    const end = ends[id];
    if (end !== undefined) return `- ${marks[end]} ${id}: ${end.replace('_', ' ')}`;
    return started.has(id) ? `- ▶ ${id}: running` : `- ○ ${id}: waiting`;
  });
  const cut = tasks.length > maxLines ? [`- … and ${tasks.length - maxLines} more`] : [];
  return [`${ended} of ${tasks.length} tasks ended`, '', ...lines, ...cut].join('\n');
}
