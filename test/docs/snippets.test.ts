import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../support/temp-project.ts';
import { codeBlocks, readPages } from './markdown.ts';

const run = promisify(execFile);
const config = `import { defineConfig } from 'tidegate';\nexport default defineConfig({});\n`;
let folder: string;

// The DAG files that a page shows are a project: each begins with where it lies.
beforeAll(async () => {
  // Inside the repository, where `tidegate` is the package itself.
  await mkdir(join(repository, '.tidegate'), { recursive: true });
  folder = await mkdtemp(join(repository, '.tidegate/snippets-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('the DAG files that pages show', () => {
  it('are deployed as they are written', async () => {
    const projects = new Set<string>();
    const configured = new Set<string>();
    for (const page of await readPages()) {
      for (const code of codeBlocks(page, 'ts')) {
        const [, file] = /^\/\/ (dags\/[\w-]+\.ts|tidegate\.config\.ts)\n/.exec(code) ?? [];
        if (file === undefined) continue;
        const project = join(folder, basename(page.path, '.md'));
        (file === 'tidegate.config.ts' ? configured : projects).add(project);
        await mkdir(dirname(join(project, file)), { recursive: true });
        await writeFile(join(project, file), code);
      }
    }
    expect(projects.size).toBeGreaterThan(8);
    for (const project of projects)
      if (!configured.has(project)) await writeFile(join(project, 'tidegate.config.ts'), config);
    const told = (error: { readonly stdout: string }) => error;
    const check = async (project: string) => {
      const command = [join(repository, 'cli/tidegate.mjs'), 'check', project];
      return { project, said: (await run(process.execPath, command).catch(told)).stdout };
    };
    const noErrors = expect.stringContaining('import errors  0');
    expect(await Promise.all([...projects].map(check))).toEqual(
      [...projects].map((project) => ({ project, said: noErrors })),
    );
  });
});
