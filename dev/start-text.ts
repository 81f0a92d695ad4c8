import { relative } from 'node:path';
import type { Colors } from '../cli/colors.ts';
import type { DataFolder } from './data-folder.ts';
import type { Stack } from './stack.ts';
import type { LoadedProject } from './worker-process.ts';

/** Warnings shown at a start; what is older in the terminal should not be pushed out of sight. */
const mostWarnings = 20;
/** DAGs that are named in a line. */
const mostNames = 3;

export interface Places {
  readonly apiUrl: string;
  readonly stack: Stack;
  readonly ownDatabase: boolean;
  readonly projectFolder: string;
  readonly folder: DataFolder;
}

/** Where everything is, one place a line. */
export function placesText(
  { apiUrl, stack, ownDatabase, projectFolder, folder }: Places,
  { bold, cyan, dim }: Colors,
): string {
  const { temporalUiUrl, temporalAddress, temporalNamespace, databaseUrl } = stack;
  const rows = [
    ['API', cyan(`${apiUrl}/api/v2`)],
    ['OpenAPI', cyan(`${apiUrl}/openapi.json`)],
    ['Temporal Web UI', temporalUiUrl === undefined ? 'not known: set TIDEGATE_UI_URL' : cyan(temporalUiUrl)],
    ['Temporal', `${temporalAddress}, namespace ${temporalNamespace}`],
    ['Postgres', ownDatabase ? 'the one of DATABASE_URL' : databaseUrl],
    ['Project', shown(projectFolder)],
    ['Data and logs', shown(folder.path)],
  ] as const;
  return rows
    .map(([name, place]) => `  ${name === 'API' ? bold(name.padEnd(16)) : dim(name.padEnd(16))} ${place}`)
    .join('\n');
}

/** What a project has, changed, could not load, and may not mean. */
export function projectText(
  { dags, created, changed, retired, importErrors, warnings }: LoadedProject,
  { dim, red, yellow }: Colors,
): string {
  const news = [
    ['new', created],
    ['changed', changed],
    ['retired', retired],
  ] as const;
  const told = news.filter(([, ids]) => ids.length > 0).map(([what, ids]) => `${what}: ${namesOf(ids)}`);
  const count = `${dags} ${dags === 1 ? 'DAG' : 'DAGs'}`;
  return [
    `  ${count}${dim(`, ${told.length === 0 ? 'definitions unchanged' : told.join('; ')}`)}`,
    ...importErrors.map((error) => `  ${red('✘')} ${error.replaceAll('\n', '\n    ')}`),
    ...(importErrors.length === 0
      ? []
      : [`    ${dim('DAGs of files with errors stay as they were deployed before')}`]),
    ...warnings
      .slice(0, mostWarnings)
      .map((warning) => `  ${yellow('!')} ${warning.replaceAll('\n', '\n    ')}`),
    ...(warnings.length <= mostWarnings
      ? []
      : [`    ${dim(`${warnings.length - mostWarnings} more warnings: tidegate check lists them`)}`]),
  ].join('\n');
}

/** The first of them where they are many. */
function namesOf(ids: readonly string[]): string {
  const first = ids.slice(0, mostNames).join(', ');
  return ids.length > mostNames ? `${first} and ${ids.length - mostNames} more` : first;
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}
