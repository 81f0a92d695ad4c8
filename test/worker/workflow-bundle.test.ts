import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFile, bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await createTemporaryFolder();
});
afterEach(() => folder.remove());

describe('the compiled workflows', () => {
  it('are kept, taken from there the next time, and replace those of other sources', async () => {
    const file = await bundleFile(folder.path);
    await writeFile(join(folder.path, 'workflows-0abc.json'), '{}');
    await writeFile(file, '{"code": "cut o');
    const { code } = await bundleWorkflows(folder.path);
    expect(code).toContain('consumerDag');
    expect(await readdir(folder.path)).toEqual([file.slice(folder.path.length + 1)]);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ code });
    await writeFile(file, JSON.stringify({ code: 'kept', sourceMap: '' }));
    expect(await bundleWorkflows(folder.path)).toEqual({ code: 'kept', sourceMap: '' });
  });

  it('are compiled where they cannot be kept', async () => {
    const blocked = join(folder.path, 'file');
    await writeFile(blocked, '');
    const { code } = await bundleWorkflows(join(blocked, 'cache'));
    expect(code).toContain('consumerDag');
  });
});
