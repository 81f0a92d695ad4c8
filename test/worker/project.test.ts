import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isAsset } from '../../sdk/source.ts';
import { loadProject } from '../../worker/project.ts';
import { makeTempProject, repository, type TempProject } from '../support/temp-project.ts';

const orders = `
import { asset } from 'tidegate';
import { z } from 'zod';
export const orders = asset('s3://lake/orders', { eventExtra: z.object({ rows: z.number() }) });
`;
const producer = `
import { cron, dag } from 'tidegate';
import { orders } from '../assets.ts';
export const producer = dag('producer', { schedule: cron('@hourly') }, (d) => {
  d.task('produce', { outlets: [orders] }, () => 1);
});
`;
const consumer = `
import { asset, dag } from 'tidegate';
export const consumer = dag('consumer', { schedule: asset('s3://lake/orders') }, (d) => {
  d.task('consume', () => 2);
});
`;
const aDag = (id: string): string =>
  `import { dag } from 'tidegate';\nexport const it = dag('${id}', {}, (d) => {\n  d.task('only', () => 1);\n});\n`;

const loadTwice = (folder: string): string => `
import { readFile, writeFile } from 'node:fs/promises';
import { loadProject } from ${JSON.stringify(join(repository, 'worker/project.ts'))};
const first = await loadProject(${JSON.stringify(folder)});
const file = new URL('./assets.ts', import.meta.url);
await writeFile(file, (await readFile(file, 'utf8')).replace('lake/orders', 'lake/sales'));
const second = await loadProject(${JSON.stringify(folder)});
console.log(JSON.stringify([first.plan, second.plan]));
`;

describe('a project', () => {
  const projects: TempProject[] = [];
  const project = async (files: Readonly<Record<string, string>>): Promise<TempProject> => {
    const made = await makeTempProject(files);
    projects.push(made);
    return made;
  };
  afterAll(() => Promise.all(projects.map((made) => made.remove())));

  it('gives its task queue to DAGs that name none', async () => {
    const { folder } = await project({
      'tidegate.config.ts': `import { defineConfig } from 'tidegate';\nexport default defineConfig({ taskQueue: 'lake' });\n`,
      'dags/plain.ts': aDag('plain'),
      'dags/own.ts': aDag('own').replace("'own', {}", "'own', { taskQueue: 'gpu' }"),
    });
    const { plan } = await loadProject(folder);
    expect(plan.dags.map(({ dagId, run }) => [dagId, run.tasks[0]?.taskQueue])).toEqual([
      ['own', 'gpu'],
      ['plain', 'lake'],
    ]);
  });

  it('is the plans of its DAG files and the assets they mention, with the code of their tasks', async () => {
    const { folder } = await project({
      'assets.ts': orders,
      'dags/producer.ts': producer,
      'dags/deeper/consumer.ts': consumer,
    });
    const { plan, findTask } = await loadProject(folder);

    expect(plan.importErrors).toEqual([]);
    expect(plan.dags.map(({ dagId, file }) => [dagId, file])).toEqual([
      ['consumer', 'dags/deeper/consumer.ts'],
      ['producer', 'dags/producer.ts'],
    ]);
    expect(plan.assets).toEqual([
      expect.objectContaining({
        uri: 's3://lake/orders',
        eventSchema: expect.objectContaining({ type: 'object' }),
      }),
    ]);
    const [outlet] = findTask('producer', 'produce')?.outlets ?? [];
    expect(isAsset(outlet) && outlet.eventExtra?.safeParse({ rows: 'x' }).success).toBe(false);
    expect(findTask('producer', 'other')).toBeUndefined();
  });

  it('has the DAGs and assets of exported arrays and plain objects, each once', async () => {
    const { folder } = await project({
      'dags/regions.ts': `
import { asset, dag } from 'tidegate';
const load = (region: string) => dag(\`load_\${region}\`, {}, (d) => void d.task('only', () => 1));
export const regions = ['eu', 'us'].map(load);
export const [eu] = regions;
export const named = { us: regions[1], asia: load('asia'), version: 1, nothing: null };
export default [asset('s3://lake/eu'), [load('deeper')]];
export const lake = {
  us: asset('s3://lake/us'),
  get closed(): never {
    throw new Error('not to be read');
  },
};
export class Regions {
  static all = load('of_class');
}
`,
    });
    const { plan, findTask } = await loadProject(folder);

    expect(plan.importErrors).toEqual([]);
    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['load_asia', 'load_eu', 'load_us']);
    expect(plan.assets.map(({ uri }) => uri)).toEqual(['s3://lake/eu', 's3://lake/us']);
    expect(findTask('load_eu', 'only')).toBeDefined();
  });

  it('has the DAGs of assets that are defined by a function, wherever they are exported', async () => {
    const { folder } = await project({
      'dags/lake.ts': `
import { asset, defineAsset, defineAssets } from 'tidegate';
const raw = asset('s3://lake/raw');
export const clean = defineAsset('s3://lake/clean', { schedule: raw, upstream: { raw } }, () => 1);
export const both = { split: defineAssets([asset('s3://lake/a'), asset('s3://lake/b')], { id: 'split' }, () => 1) };
export default [clean, defineAsset({ name: 'report' }, { schedule: both.split.and(clean) }, () => 1)];
`,
    });
    const { plan, findTask } = await loadProject(folder);
    expect(plan.importErrors).toEqual([]);
    expect(plan.dags).toMatchObject([
      { dagId: 'report', condition: { kind: 'all', of: [{}, {}, { asset: { uri: 's3://lake/clean' } }] } },
      {
        dagId: 's3_lake_clean',
        run: { tasks: [{ id: 's3_lake_clean', inlets: [{ uri: 's3://lake/raw' }] }] },
      },
      { dagId: 'split', run: { tasks: [{ outlets: [{ uri: 's3://lake/a' }, { uri: 's3://lake/b' }] }] } },
    ]);
    expect(plan.assets.map(({ name }) => name)).toEqual([
      ...['report', 's3://lake/a', 's3://lake/b', 's3://lake/clean', 's3://lake/raw'],
    ]);
    expect(findTask('report', 'report')).toBeDefined();
  });

  it('gives the outlets of a DAG as a whole the extra of their fullest declaration, in whichever file', async () => {
    const whole = (uri: string) =>
      `import { asset, dag } from 'tidegate';\nconst outlets = [asset('${uri}')];\n` +
      `export const it = dag('whole_${uri.at(-1)}', { outlets, taskQueue: 'own' }, (d) => void d.task('only', () => 1));\n`;
    const { folder } = await project({
      'dags/a.ts': whole('s3://lake/a'),
      'dags/b.ts': whole('s3://lake/b'),
      'dags/later.ts': `
import { asset } from 'tidegate';
import { z } from 'zod';
export const a = asset('s3://lake/a', { eventExtra: z.object({ unit: z.string().default('row') }) });
export const b = asset('s3://lake/b', { eventExtra: z.object({ rows: z.number() }) });
`,
    });
    const { plan } = await loadProject(folder);
    expect(plan.dags).toMatchObject([
      { dagId: 'whole_a', run: { tasks: [{ taskQueue: 'own' }], outlets: [{ extra: { unit: 'row' } }] } },
    ]);
    expect(plan.importErrors).toEqual([
      {
        file: 'dags/b.ts',
        message: expect.stringContaining('outlet s3://lake/b of the DAG has an eventExtra'),
      },
    ]);
  });

  it('has the same hash wherever it lies, and another one when a definition changes', async () => {
    const files = {
      'assets.ts': orders,
      'dags/producer.ts': producer,
      'dags/broken.ts': 'throw new Error("no");\n',
    };
    const [one, two] = [await project(files), await project(files)];
    const other = await project({ ...files, 'dags/producer.ts': producer.replace('@hourly', '@daily') });

    const hashes = await Promise.all(
      [one, two, other].map(async ({ folder }) => (await loadProject(folder)).plan.hash),
    );
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it('loads the other files when one is broken, and says where', async () => {
    const { folder } = await project({
      'dags/good.ts': aDag('good'),
      'dags/throws.ts':
        "import { dag } from 'tidegate';\n\nthrow new TypeError('boom');\nexport const x = dag;\n",
      'dags/missing.ts': "import { nothing } from '../nowhere.ts';\nexport const x = nothing;\n",
      'dags/invalid.ts': aDag('two words'),
      'dags/needs.ts': aDag('needs').replace("'only', ", "'only', { needs: ['onyl'] }, "),
    });
    const { plan } = await loadProject(folder);

    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['good']);
    const messages = Object.fromEntries(plan.importErrors.map(({ file, message }) => [file, message]));
    expect(Object.keys(messages)).toEqual([
      'dags/invalid.ts',
      'dags/missing.ts',
      'dags/needs.ts',
      'dags/throws.ts',
    ]);
    expect(messages['dags/throws.ts']).toBe('line 3: TypeError: boom');
    expect(messages['dags/missing.ts']).toContain('nowhere');
    expect(messages['dags/invalid.ts']).toMatch(/^DAG 'two words' \(dags\/invalid\.ts:2\): .*ASCII letters/);
    expect(messages['dags/needs.ts']).toMatch(/task 'only' \(dags\/needs\.ts:3\) needs unknown task 'onyl'/);
    expect(JSON.stringify(plan)).not.toContain(folder);
  });

  it('refuses every DAG of an id that two files use, naming both', async () => {
    const { folder } = await project({
      'dags/a.ts': aDag('same'),
      'dags/b.ts': aDag('same'),
      'dags/c.ts': aDag('other'),
    });
    const { plan } = await loadProject(folder);

    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['other']);
    const message = "2 DAGs have the id 'same', at dags/a.ts:2 and at dags/b.ts:2: rename all but one";
    expect(plan.importErrors).toEqual([
      { file: 'dags/a.ts', message },
      { file: 'dags/b.ts', message },
    ]);
  });

  it.each([
    ["asset({ name: 'orders', uri: 's3://one' })", "asset({ name: 'orders', uri: 's3://two' })", 'two URIs'],
    ["asset({ name: 'one', uri: 's3://same' })", "asset({ name: 'two', uri: 's3://same' })", 'two names'],
    ["asset('s3://same', { group: 'a' })", "asset('s3://same', { group: 'b' })", 'described in two ways'],
  ])('refuses %s beside %s, naming both places', async (one, two, reason) => {
    const reading = (id: string, declared: string): string =>
      `import { asset, dag } from 'tidegate';\nconst it = ${declared};\nexport const x = dag('${id}', { schedule: it }, (d) => { d.task('t', () => 1); });\n`;
    const { folder } = await project({
      'dags/a.ts': reading('a', one),
      'dags/b.ts': reading('b', two),
      'dags/c.ts': aDag('c'),
    });
    const { plan } = await loadProject(folder);

    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['c']);
    expect(plan.assets).toEqual([]);
    expect(plan.importErrors.map(({ file }) => file)).toEqual(['dags/a.ts', 'dags/b.ts']);
    expect(plan.importErrors[0]?.message).toContain(reason);
    expect(plan.importErrors[0]?.message).toContain('at dags/a.ts:2 and at dags/b.ts:2');
  });

  it('is refused without a configuration, with the remedy', async () => {
    const { folder } = await project({ 'dags/a.ts': aDag('a') });
    await rm(join(folder, 'tidegate.config.ts'));
    await expect(loadProject(folder)).rejects.toThrow(/has no tidegate\.config\.ts: .*defineConfig/);
  });

  it('is refused when its globs find nothing', async () => {
    const { folder } = await project({});
    await expect(loadProject(folder)).rejects.toThrow(/no DAG files match dags\/\*\*\/\*\.ts/);
  });

  // In a process of its own: Jest keeps the text of a file it has read once.
  it('picks up changed files, also imported ones, when it is loaded again', async () => {
    const { folder, write } = await project({
      'package.json': '{}',
      'assets.ts': orders,
      'dags/producer.ts': producer,
      'dags/again.ts': "export { producer } from './producer.ts';\n",
      'dags/syntax.ts': 'export const a = 1;\nexport const b = = 2;\n',
    });
    await write('load-twice.mts', loadTwice(folder));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(folder, 'load-twice.mts')],
      { cwd: repository, env: { ...process.env, NODE_OPTIONS: '' } },
    );
    const [first, second] = JSON.parse(stdout);

    expect(first.assets.map(({ uri }: { uri: string }) => uri)).toEqual(['s3://lake/orders']);
    expect(second.assets.map(({ uri }: { uri: string }) => uri)).toEqual(['s3://lake/sales']);
    expect(second.dags.map(({ dagId }: { dagId: string }) => dagId)).toEqual(['producer']);
    expect(second.importErrors).toEqual([{ file: 'dags/syntax.ts', message: 'line 2: Unexpected "="' }]);
  });
});
