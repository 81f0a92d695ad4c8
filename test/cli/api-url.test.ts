import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultApiUrl, findApiUrl } from '../../cli/api-url.ts';
import { stackFiles, stackFolder } from '../../cli/running-stack.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

describe('the address of the API', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await createTemporaryFolder();
  });
  afterEach(() => folder.remove());

  const find = (option?: string, variable?: string, within = '.'): string =>
    findApiUrl({ option, environment: { TIDEGATE_API_URL: variable }, folder: join(folder.path, within) });
  const leaveUrl = async (text: string): Promise<void> => {
    await mkdir(join(folder.path, stackFolder));
    await writeFile(join(folder.path, stackFolder, stackFiles.apiUrl), text);
  };

  it('is the option before the variable before the running stack before the default', async () => {
    expect(find()).toBe(defaultApiUrl);
    await leaveUrl('http://127.0.0.1:8081\n');
    expect(find(undefined, undefined, 'some/folder')).toBe('http://127.0.0.1:8081');
    expect(find(undefined, ' ')).toBe('http://127.0.0.1:8081');
    expect(find(undefined, 'https://variable/base/')).toBe('https://variable/base');
    expect(find('http://option', 'https://variable')).toBe('http://option');
  });

  it('names the source of what is no address', () => {
    expect(() => find('localhost:8080')).toThrow(/^--api-url "localhost:8080" is not valid/);
    expect(() => find(undefined, 'ftp://x')).toThrow(/^TIDEGATE_API_URL "ftp:\/\/x" is not valid/);
  });
});
