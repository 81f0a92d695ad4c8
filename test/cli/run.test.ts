import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../support/temp-project.ts';

// A package of its own, with the programs that run the ones of this package.

let root: string;
const write = async (file: string, text: string): Promise<void> => {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), text);
};
const run = async (...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'cli/run.mjs'), ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return stdout.trim();
};
const cache = (): string => join(root, 'node_modules/.cache/tidegate/built');
const builds = async (): Promise<readonly string[]> =>
  (await readdir(cache())).filter((name) => !name.endsWith('.json'));

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'tidegate-run-')));
  for (const file of ['cli/run.mjs', 'cli/built.mjs', 'worker/import-fresh.ts', 'worker/fresh-imports.mjs'])
    await cp(join(repository, file), join(root, file), { recursive: true });
  await mkdir(join(root, 'node_modules'));
  for (const name of ['esbuild', 'tsx'])
    await symlink(join(repository, 'node_modules', name), join(root, 'node_modules', name));
  await symlink(root, join(root, 'node_modules/own'));
  await write(
    'package.json',
    JSON.stringify({ name: 'own', type: 'module', exports: { '.': './sdk/index.ts' } }),
  );
  await write('sdk/index.ts', 'export const loads: string[] = [];\nexport const greeting: string = "one";\n');
  await write(
    'main.ts',
    `import { greeting } from './sdk/index.ts';
console.log(greeting, ...process.argv.slice(1), import.meta.url);
`,
  );
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a program', () => {
  it('runs with its arguments as if Node had been started with it', async () => {
    const said = `one ${root}/main.ts a b file://${root}/main.ts`;
    expect(await run('main.ts', 'a', 'b')).toBe(said);
    expect(await run(join(root, 'main.ts'), 'a', 'b')).toBe(said);
  });

  it('is put together once, and again when a source has changed, not when only its time has', async () => {
    await run('main.ts');
    await run('main.ts');
    expect(await builds()).toHaveLength(1);
    await utimes(join(root, 'main.ts'), 1, 1);
    await run('main.ts');
    expect(await builds()).toHaveLength(1);
    await write('sdk/index.ts', 'export const greeting: string = "two";\n');
    expect(await run('main.ts')).toMatch(/^two /);
    expect(await builds()).toHaveLength(2);
  });

  it('stays for a day once it is replaced, however old it is', async () => {
    const change = async (greeting: string): Promise<void> => {
      await write('sdk/index.ts', `export const greeting: string = '${greeting}';\n`);
      expect(await run('main.ts')).toMatch(new RegExp(`^${greeting} `));
    };
    await change('first');
    const [first = ''] = await builds();
    const aDayAgo = Date.now() / 1_000 - 90_000;
    await utimes(join(cache(), first), aDayAgo, aDayAgo);
    await change('second');
    expect(await builds()).toContain(first);
    await utimes(join(cache(), first), aDayAgo, aDayAgo);
    await change('third');
    expect(await builds()).not.toContain(first);
    expect(await builds()).toHaveLength(2);
  });

  it('runs also where it is called by another path', async () => {
    const link = `${root}-link`;
    await symlink(root, link);
    const { stdout } = await promisify(execFile)(process.execPath, [join(link, 'cli/run.mjs'), 'main.ts']);
    await rm(link);
    expect(stdout).toMatch(/^one /);
  });

  it('and the project that it loads have one copy of what the package publishes', async () => {
    await write(
      'project/dag.ts',
      "import { loads } from 'own';\nloads.push('project' as string);\nexport const mine = loads;\n",
    );
    await write(
      'main.ts',
      `import { loads } from './sdk/index.ts';
import { freshImporter } from './worker/import-fresh.ts';
loads.push('program');
const { mine } = await freshImporter()(${JSON.stringify(join(root, 'project/dag.ts'))});
console.log(mine === loads, loads.join());
`,
    );
    expect(await run('main.ts')).toBe('true program,project');
    expect(await builds()).toHaveLength(1);
  });

  it('runs source by source where nothing can be kept', async () => {
    await write('node_modules/.cache', 'a file where a folder should be');
    expect(await run('main.ts', 'a')).toBe(`one ${root}/main.ts a file://${root}/main.ts`);
  });

  it('whose source is broken says where', async () => {
    await write('sdk/index.ts', 'export const greeting: string = "one";\nexport const b = = 2;\n');
    await expect(run('main.ts')).rejects.toThrow(/sdk\/index\.ts:2:.*Unexpected "="/);
  });

  it('has to be named', async () => {
    await expect(run()).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/^usage: .*\n$/) });
  });

  it('names the lines of its sources where it fails', async () => {
    await write('main.ts', "import './sdk/index.ts';\n\nthrow new Error('boom');\n");
    await expect(run('main.ts')).rejects.toThrow(/main\.ts:3/);
  });
});
