import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../support/temp-project.ts';
import { codeBlocks, type Page, readPage, readPages, tableRows } from './markdown.ts';

const run = promisify(execFile);
const node = { cwd: repository, env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' } };

/** What a program wrote before it failed: its own words say more than its exit status. */
const outputOf = (failed: { readonly stdout: string; readonly stderr: string }) => failed;

/** Inside the repository, where `tidegate` is the package itself, but out of the way of its own type check. */
async function inScratch(use: (folder: string) => Promise<void>): Promise<void> {
  const scratch = join(repository, '.tidegate');
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'code-of-docs-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes the TypeScript of a page; a block that begins with its file's name gets this name. */
async function writeCode(folder: string, page: Page): Promise<void> {
  for (const [index, code] of codeBlocks(page, 'ts').entries()) {
    const [, named] = /^\/\/ (\S+\.ts)\n/.exec(code) ?? [];
    const file = join(folder, named ?? `block-${index + 1}.ts`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, code);
  }
}

/** What the help of a command names below it; names with arguments have nothing below them. */
async function namesBelow(parent: readonly string[]): Promise<readonly { name: string; isLeaf: boolean }[]> {
  const { stdout } = await run(process.execPath, ['cli/tidegate.mjs', ...parent, '--help'], node);
  return [...stdout.matchAll(/^ {2}([a-z][a-z-]*)( \[(?!options\])| <)?/gm)]
    .map(([, name = '', argument]) => ({ name, isLeaf: argument !== undefined }))
    .filter(({ name }) => name !== 'help');
}

/** Every command as it is called, such as `dags list`. */
async function allCommands(): Promise<readonly string[]> {
  const top = await namesBelow([]);
  const below = await Promise.all(top.map(async ({ name, isLeaf }) => (isLeaf ? [] : namesBelow([name]))));
  return top.flatMap(({ name }, index) => {
    const names = below[index] ?? [];
    return names.length === 0 ? [name] : names.map((one) => `${name} ${one.name}`);
  });
}

describe('the TypeScript of every page', () => {
  it('compiles', async () => {
    await inScratch(async (folder) => {
      for (const page of await readPages()) await writeCode(join(folder, page.path), page);
      const config = {
        extends: '../../tsconfig.json',
        compilerOptions: { incremental: false, tsBuildInfoFile: null },
        include: ['**/*.ts'],
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const types = await run(join(repository, 'node_modules/.bin/tsc'), ['-p', folder], node).catch(
        outputOf,
      );
      expect(types.stdout).toBe('');
    });
  });
});

describe('the README', () => {
  let commands: readonly string[];

  beforeAll(async () => {
    commands = await allCommands();
  });

  it('shows a project that loads', async () => {
    await inScratch(async (folder) => {
      await writeCode(folder, await readPage('README.md'));
      const check = ['cli/tidegate.mjs', 'check', folder];
      const { stdout, stderr } = await run(process.execPath, check, node).catch(outputOf);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/^dags +2\nassets +1\nimport errors +0\n$/);
    });
  });

  it('shows it in 20 lines', async () => {
    const [, dags = ''] = codeBlocks(await readPage('README.md'), 'ts');
    expect(dags.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(20);
  });

  it('has every command that there is, and no other', async () => {
    const rows = tableRows(await readPage('README.md')).map(([first = '']) => first);
    const named = rows.flatMap((cell) => {
      const [, words] = /^`tidegate ([a-z -]+?)(?: [<[].*)?`$/.exec(cell) ?? [];
      return words === undefined ? [] : [words];
    });
    expect(named.toSorted()).toEqual(commands.toSorted());
  });

  it('uses only commands that there are in what it tells to run', async () => {
    const code = codeBlocks(await readPage('README.md'), 'bash').join('');
    const used = [...code.matchAll(/npx tidegate ([a-z-]+(?: [a-z-]+)?)/g)].map(([, words = '']) => words);
    const unknown = used.filter(
      (words) => !commands.includes(words) && !commands.includes(words.split(' ')[0] ?? ''),
    );
    expect(used).not.toEqual([]);
    expect(unknown).toEqual([]);
  });
});
