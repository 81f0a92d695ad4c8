import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The code of every `@example` in the sdk, by the name of the function it belongs to. */
async function examplesOfSdk(): Promise<ReadonlyMap<string, string>> {
  const examples = new Map<string, string>();
  for (const file of await readdir(join(repository, 'sdk'))) {
    const text = await readFile(join(repository, 'sdk', file), 'utf8');
    for (const [, comment = '', name = ''] of text.matchAll(
      /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport (?:function|const) (\w+)/g,
    )) {
      const [, code] = /@example\n \* ```ts\n([^]*?) \* ```/.exec(comment) ?? [];
      if (code !== undefined) examples.set(name, code.replaceAll(/^ \* ?/gm, ''));
    }
  }
  return examples;
}

/** What a program wrote before it failed: its own words say more than its exit status. */
const outputOf = (failed: { readonly stdout: string; readonly stderr: string }) => failed;

describe('the examples in the sdk', () => {
  it('exist for everything that authors call', async () => {
    const index = await readFile(join(repository, 'sdk/index.ts'), 'utf8');
    const functions = [...index.matchAll(/\b(?<!type )([a-z]\w+)(?=[,\s}])/g)].map(([, name = '']) => name);
    const authored = functions.filter((name) => !['export', 'type', 'from'].includes(name));
    expect(authored.toSorted()).toEqual([
      ...[
        'alias',
        'all',
        'allowedKeys',
        'any',
        'asset',
        'assetAndTime',
        'assetOrTime',
        'assetRef',
        'atLeast',
        'chain',
        'cron',
        'dag',
      ],
      ...[
        'defineAsset',
        'defineAssets',
        'defineConfig',
        'envConfig',
        'every',
        'fanOut',
        'fixedKey',
        'identity',
        'ioManager',
        'on',
        'product',
        'resource',
        'rollup',
        'secret',
        'select',
        'simulate',
        'startOf',
        'zip',
      ],
    ]);
    expect([...(await examplesOfSdk()).keys()]).toEqual(expect.arrayContaining(authored));
  });

  it('compile and run as they are written', async () => {
    // Inside the repository, where `tidegate` is the package itself, but out of the way of its own type check.
    const scratch = join(repository, '.tidegate');
    await mkdir(scratch, { recursive: true });
    const folder = await mkdtemp(join(scratch, 'examples-of-sdk-'));
    try {
      const examples = await examplesOfSdk();
      for (const [name, code] of examples) await writeFile(join(folder, `${name}.ts`), code);
      const config = {
        extends: '../../tsconfig.json',
        compilerOptions: { incremental: false, tsBuildInfoFile: null },
        include: ['*.ts'],
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const imports = [...examples.keys()].map((name) => `await import('./${name}.ts');\n`);
      await writeFile(join(folder, 'every.ts'), `${imports.join('')}export {};\n`);

      const node = { cwd: repository, env: { ...process.env, NODE_OPTIONS: '' } };
      const types = await run(join(repository, 'node_modules/.bin/tsc'), ['-p', folder], node).catch(
        outputOf,
      );
      expect(types.stdout).toBe('');
      const script = await run(process.execPath, ['--import', 'tsx', join(folder, 'every.ts')], node).catch(
        outputOf,
      );
      expect(script.stderr).toBe('');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
