import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DagRun } from '../../../api/contract/dag-runs.ts';
import { createApi } from '../../../cli/api-client.ts';
import { commandOf } from '../../../dev/processes.ts';
import { createTestPlace, type TestPlace } from '../../support/place.ts';
import { startApiProcess, startProcess } from '../../support/processes.ts';
import { makeTempProject, type TempProject } from '../../support/temp-project.ts';
import { eventually } from '../../support/tidegate.ts';

let place: TestPlace;
let project: TempProject;
beforeAll(async () => {
  [place, project] = await Promise.all([createTestPlace(), makeTempProject({})]);
  const pid = JSON.stringify(join(project.folder, 'pid'));
  await project.write(
    'dags/spinning.ts',
    `import { writeFileSync } from 'node:fs';
import { dag } from 'tidegate';
export const spinning = dag('spinning', {}, (d) => {
  d.task('spin', { isolate: true }, () => {
    writeFileSync(${pid}, String(process.pid));
    for (;;);
  });
});
`,
  );
});
afterAll(() => Promise.all([place.remove(), project.remove()]));

describe('an isolated task of a project', () => {
  it('ends with its worker, also where that is killed', async () => {
    const variables = { ...place.variables, TIDEGATE_PROJECT: project.folder, TIDEGATE_ISOLATED_TASKS: '1' };
    const worker = startProcess('worker', variables);
    const { api, url } = await startApiProcess(variables);
    await worker.writes('"worker ready"');
    await createApi(url).send('POST', DagRun, '/api/v2/dags/spinning/dagRuns', {});
    const pid = await eventually(
      async () => Number(await readFile(join(project.folder, 'pid'), 'utf8').catch(() => '')) || undefined,
      60_000,
    );
    expect(commandOf(pid)).toContain('isolated/main.ts');
    worker.kill('SIGKILL');
    await worker.status;
    expect(await eventually(async () => commandOf(pid) === undefined)).toBe(true);
    api.kill('SIGTERM');
    await api.status;
  });
});
