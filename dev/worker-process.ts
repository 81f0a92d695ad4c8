import { z } from 'zod';
import { unreachable } from '../core/errors.ts';
import type { Child } from './children.ts';
import { type ProcessOptions, startProcess } from './tidegate-process.ts';

/** What a worker told about the project it started with. */
export interface LoadedProject {
  readonly dags: number;
  readonly created: readonly string[];
  readonly changed: readonly string[];
  readonly retired: readonly string[];
  /** One line a broken file. */
  readonly importErrors: readonly string[];
  /** What is valid and hardly meant, one line each. */
  readonly warnings: readonly string[];
}

/** A worker that is up with a project, or why it is not. */
export type StartedWorker =
  | { readonly kind: 'up'; readonly child: Child; readonly project: LoadedProject }
  | { readonly kind: 'failed'; readonly reason: string };

const Ids = z.array(z.string());
const LogLine = z.discriminatedUnion('msg', [
  z.object({ msg: z.literal('import error'), file: z.string(), message: z.string() }),
  z.object({ msg: z.literal('project warning'), place: z.string(), message: z.string() }),
  z.object({ msg: z.literal('project deployed'), created: Ids, changed: Ids, retired: Ids }),
  z.object({ msg: z.literal('worker ready'), dags: z.int() }),
]);
type LogLine = z.infer<typeof LogLine>;

/** Starts a worker, which deploys the project as it is now, and waits until it works. */
export async function startWorker(options: Omit<ProcessOptions, 'name' | 'isReady'>): Promise<StartedWorker> {
  const started = await startProcess({
    ...options,
    name: 'worker',
    environment: { TIDEGATE_DRAIN_TIMEOUT: '2 seconds', ...options.environment, TIDEGATE_DEPLOY: 'always' },
    isReady: (child) => child.log().includes('"msg":"worker ready"'),
  });
  if (started.kind === 'failed') return started;
  return { ...started, project: projectOf(started.child.log().split('\n').flatMap(parseLine)) };
}

function projectOf(lines: readonly LogLine[]): LoadedProject {
  return lines.reduce<LoadedProject>(
    (project, line) => {
      switch (line.msg) {
        case 'import error':
          return { ...project, importErrors: [...project.importErrors, `${line.file}: ${line.message}`] };
        case 'project warning':
          return { ...project, warnings: [...project.warnings, `${line.place}: ${line.message}`] };
        case 'project deployed':
          return { ...project, created: line.created, changed: line.changed, retired: line.retired };
        case 'worker ready':
          return { ...project, dags: line.dags };
        default:
          return unreachable(line);
      }
    },
    { dags: 0, created: [], changed: [], retired: [], importErrors: [], warnings: [] },
  );
}

/** Lines of other kinds, and the plain text of Node itself, are for the log only. */
function parseLine(text: string): readonly LogLine[] {
  if (!text.startsWith('{')) return [];
  const { data } = LogLine.safeParse(JSON.parse(text));
  return data === undefined ? [] : [data];
}
