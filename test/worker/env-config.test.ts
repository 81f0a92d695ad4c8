import { loadProject } from '../../worker/project.ts';
import { makeTempProject, type TempProject } from '../support/temp-project.ts';

const declared = `
import { envConfig, secret } from 'tidegate';
import { z } from 'zod';
export const shop = envConfig({ TEST_SHOP_BUCKET: z.string(), TEST_SHOP_KEY: secret() });
`;
const uses = `
import { dag } from 'tidegate';
import { shop } from '../shop.ts';
export const uses = dag('uses', {}, (d) => void d.task('only', () => shop.TEST_SHOP_BUCKET));
`;
const other = `
import { dag } from 'tidegate';
export const other = dag('other', {}, (d) => void d.task('only', () => 1));
`;
const throws = `
import { shop } from '../shop.ts';
throw new Error('no answer from https://example.com/?key=' + shop.TEST_SHOP_KEY);
`;

describe('configuration that a project declares', () => {
  const projects: TempProject[] = [];
  const load = async (files: Readonly<Record<string, string>>) => {
    const made = await makeTempProject({ 'shop.ts': declared, 'dags/other.ts': other, ...files });
    projects.push(made);
    return loadProject(made.folder);
  };
  beforeEach(() => {
    process.env['TEST_SHOP_BUCKET'] = 's3://shop';
    process.env['TEST_SHOP_KEY'] = 'open sesame of the project';
  });
  afterAll(async () => {
    delete process.env['TEST_SHOP_BUCKET'];
    delete process.env['TEST_SHOP_KEY'];
    await Promise.all(projects.map((made) => made.remove()));
  });

  it('is checked when it is loaded: a file that lacks a variable is an import error, the others are deployed', async () => {
    delete process.env['TEST_SHOP_BUCKET'];
    const { plan } = await load({ 'dags/uses.ts': uses });
    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['other']);
    expect(plan.importErrors).toEqual([
      {
        file: 'dags/uses.ts',
        message: expect.stringMatching(
          /configuration at shop\.ts:\d+: environment variable TEST_SHOP_BUCKET is not set$/,
        ),
      },
    ]);
  });

  it('lets a project load that has its variables', async () => {
    const { plan, findTask, warnings } = await load({ 'dags/uses.ts': uses });
    expect([plan.importErrors, warnings]).toEqual([[], []]);
    expect(await findTask('uses', 'only')?.run({} as never)).toBe('s3://shop');
  });

  it('is an error of tidegate.config.ts where that declares it', async () => {
    delete process.env['TEST_SHOP_KEY'];
    const config = `import { defineConfig } from 'tidegate';\nimport './shop.ts';\nexport default defineConfig({});\n`;
    await expect(load({ 'tidegate.config.ts': config })).rejects.toThrow(
      /tidegate\.config\.ts could not be loaded: .*TEST_SHOP_KEY is not set/,
    );
  });

  it('keeps its secrets out of import errors', async () => {
    const { plan } = await load({ 'dags/throws.ts': throws });
    expect(plan.importErrors).toMatchObject([
      { file: 'dags/throws.ts', message: expect.stringMatching(/\?key=\*\*\*$/) },
    ]);
  });

  it.each([
    [
      'a DAG',
      `dag('tells', { description: 'with ' + shop.TEST_SHOP_KEY }, (d) => void d.task('only', () => 1))`,
    ],
    ['an asset', `asset('s3://lake/shop', { extra: { key: encodeURIComponent(shop.TEST_SHOP_KEY) } })`],
    ['an alias', `alias('of ' + shop.TEST_SHOP_KEY)`],
  ])('refuses to deploy %s that tells a secret', async (_, definition) => {
    const tells = `import { alias, asset, dag } from 'tidegate';\nimport { shop } from '../shop.ts';\nexport const it = [alias, asset, dag] && ${definition};\n`;
    const { plan } = await load({ 'dags/tells.ts': tells });
    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['other']);
    expect(plan.importErrors).toEqual([
      {
        file: 'dags/tells.ts',
        message: expect.stringMatching(/\(dags\/tells\.ts:\d+\) holds the value of a secret: leave it out/),
      },
    ]);
    expect(JSON.stringify(plan)).not.toContain('sesame');
  });

  it('warns of secrets that are too short to be found', async () => {
    process.env['TEST_SHOP_KEY'] = 'abc';
    const { warnings } = await load({ 'dags/uses.ts': uses });
    expect(warnings).toEqual([
      {
        place: expect.stringMatching(/^shop\.ts:\d+$/),
        message: expect.stringMatching(/TEST_SHOP_KEY is shorter than 4 characters/),
      },
    ]);
  });
});
