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

/** Recorded histories that were replayed, and those that do not. */
interface Replayed {
  readonly count: number;
  readonly problems: readonly { readonly file: string; readonly problem: string }[];
}

/** What a project holds and what is wrong with it. */
export function reportChecked({ plan, warnings }: Loaded, replayed?: Replayed): Report {
  const facts = [
    ['dags', plan.dags.length],
    ['assets', plan.assets.length],
    ['import errors', plan.importErrors.length],
    ...(replayed === undefined ? [] : [['histories', replayed.count] as const]),
  ] as const;
  const problems = replayed?.problems ?? [];
  return {
    json: {
      dags: plan.dags.map(({ dagId }) => dagId),
      ...jsonOfErrors(plan),
      warnings,
      ...(replayed === undefined ? {} : { histories: replayed.count, replay_problems: problems }),
    },
    sections: [{ kind: 'facts', facts }, ...errorsOf(plan), ...tableOf(warnings), ...problemsOf(problems)],
    failure: failureOf(plan) ?? failureOfReplay(problems),
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

function problemsOf(problems: Replayed['problems']): Report['sections'] {
  if (problems.length === 0) return [];
  const rows = problems.map(({ file, problem }) => [file, problem]);
  const columns = [{ header: 'HISTORY' }, { header: 'PROBLEM' }];
  return [{ kind: 'table', title: 'not deterministic', columns, rows, empty: '' }];
}

function failureOfReplay(problems: Replayed['problems']): string | undefined {
  if (problems.length === 0) return undefined;
  const files = problems.map(({ file }) => file).join(', ');
  return `${problems.length} histories do not replay with this version: ${files}`;
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
