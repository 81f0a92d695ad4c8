import type { DagId } from '../core/ids.ts';
import type { ProjectPlan, ProjectWarning } from '../core/project-plan.ts';
import type { Cell, Report } from './report.ts';

/** What a deploy changed. */
interface Changes {
  readonly created: readonly DagId[];
  readonly changed: readonly DagId[];
  readonly retired: readonly DagId[];
  readonly unchanged: readonly DagId[];
}

/** A project as it was loaded. */
interface Loaded {
  readonly plan: ProjectPlan;
  readonly warnings: readonly ProjectWarning[];
}

/** What a project holds and what is wrong with it. */
export function reportChecked({ plan, warnings }: Loaded): Report {
  const facts = [
    ['dags', plan.dags.length],
    ['assets', plan.assets.length],
    ['import errors', plan.importErrors.length],
  ] as const;
  return {
    json: { dags: plan.dags.map(({ dagId }) => dagId), ...jsonOfErrors(plan), warnings },
    sections: [{ kind: 'facts', facts }, ...errorsOf(plan), ...tableOf(warnings)],
    failure: failureOf(plan),
  };
}

/** What a deploy of a project did. */
export function reportDeployed(
  { plan, warnings }: Loaded,
  { created, changed, retired, unchanged }: Changes,
): Report {
  const facts = Object.entries({ created, changed, retired }).map(([what, dags]): readonly [string, Cell] => [
    what,
    dags.join(', ') || 'none',
  ]);
  return {
    json: { created, changed, retired, unchanged, ...jsonOfErrors(plan), warnings },
    sections: [
      { kind: 'facts', facts: [...facts, ['unchanged', unchanged.length]] },
      ...errorsOf(plan),
      ...tableOf(warnings),
    ],
    failure: failureOf(plan),
  };
}

function errorsOf({ importErrors }: ProjectPlan): Report['sections'] {
  if (importErrors.length === 0) return [];
  const rows = importErrors.map(({ file, message }) => [file, message]);
  const columns = [{ header: 'FILE' }, { header: 'ERROR' }];
  return [{ kind: 'table', title: 'import errors', columns, rows, empty: '' }];
}

function tableOf(warnings: readonly ProjectWarning[]): Report['sections'] {
  if (warnings.length === 0) return [];
  const rows = warnings.map(({ place, message }) => [place, message]);
  const columns = [{ header: 'PLACE' }, { header: 'WARNING' }];
  return [{ kind: 'table', title: 'warnings', columns, rows, empty: '' }];
}

function jsonOfErrors({ importErrors }: ProjectPlan) {
  return {
    import_errors: importErrors.map(({ file, message }) => ({ filename: file, stack_trace: message })),
  };
}

function failureOf({ importErrors }: ProjectPlan): string | undefined {
  const [first, ...others] = importErrors;
  if (first === undefined) return undefined;
  const files = [first, ...others].map(({ file }) => file).join(', ');
  return `${importErrors.length} of the project's files could not be loaded: correct ${files}`;
}
