import { execFile } from 'node:child_process';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../support/temp-project.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);

describe('the picture of the README', () => {
  it('shows what is in docs/start-output.txt', async () => {
    const folder = await createTemporaryFolder();
    const docs = join(repository, 'docs');
    for (const file of ['start-svg.mjs', 'start-output.txt'])
      await copyFile(join(docs, file), join(folder.path, file));
    await run(process.execPath, [join(folder.path, 'start-svg.mjs')]);
    const drawn = await readFile(join(folder.path, 'start.svg'), 'utf8');
    await folder.remove();
    // `node docs/start-svg.mjs` draws it again.
    expect(drawn).toBe(await readFile(join(docs, 'start.svg'), 'utf8'));
  });
});
