import { join } from 'node:path';
import { createTestPlace } from './place.ts';
import { startApiProcess, startProcess } from './processes.ts';
import { repository } from './temp-project.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

/** A deployed project with an API and a worker of its own. */
export interface RunningProject {
  readonly apiUrl: string;
  /** An empty folder to work in; the data lake is where `npm start` has it below the working folder. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** The project of `examples/`. */
export function startExamples(): Promise<RunningProject> {
  return startProject(join(repository, 'examples'));
}

export async function startProject(projectFolder: string): Promise<RunningProject> {
  const [place, folder] = await Promise.all([createTestPlace(), createTemporaryFolder()]);
  const variables = {
    ...place.variables,
    TIDEGATE_PROJECT: projectFolder,
    TIDEGATE_DATA_LAKE: join(folder.path, '.tidegate/data-lake'),
    TIDEGATE_UI_URL: 'http://127.0.0.1:8233',
  };
  const worker = startProcess('worker', variables);
  const { api, url } = await startApiProcess(variables);
  await worker.writes('"worker ready"');
  return {
    apiUrl: url,
    folder: folder.path,
    async stop() {
      for (const each of [api, worker]) each.kill('SIGTERM');
      await Promise.all([api.status, worker.status]);
      await place.remove();
      await folder.remove();
    },
  };
}
