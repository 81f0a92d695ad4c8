import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadProject } from '../../worker/project.ts';
import { repository } from '../support/temp-project.ts';
import { codeBlocks, readPage } from './markdown.ts';

const run = promisify(execFile);
const pages = ['docs/configuration.md', 'docs/resources.md', 'docs/io-managers.md'];

describe.each(pages)('%s', (path) => {
  it('has code that compiles and loads as it is written', async () => {
    // Inside the repository, where `tidegate` is the package itself.
    await mkdir(join(repository, '.tidegate'), { recursive: true });
    const folder = await mkdtemp(join(repository, '.tidegate/data-'));
    try {
      const blocks = codeBlocks(await readPage(path), 'ts');
      expect(blocks).not.toEqual([]);
      for (const [index, code] of blocks.entries()) await writeFile(join(folder, `block-${index}.ts`), code);
      await writeFile(
        join(folder, 'tidegate.config.ts'),
        `import { defineConfig } from 'tidegate';\nexport default defineConfig({ dags: ['block-*.ts'] });\n`,
      );
      const config = {
        extends: '../../tsconfig.json',
        compilerOptions: { incremental: false, tsBuildInfoFile: null },
        include: ['*.ts'],
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const types = await run(join(repository, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
        (failed: { readonly stdout: string }) => failed,
      );
      expect(types.stdout).toBe('');
      const { plan } = await loadProject(folder);
      expect(plan.importErrors).toEqual([]);
      expect(plan.dags).not.toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
