import { instanceOf } from '../../sdk/instance.ts';
import { isAsset } from '../../sdk/source.ts';
import { loadProject } from '../../worker/project.ts';
import { makeTempProject, type TempProject } from '../support/temp-project.ts';

const usingAlias = (id: string, declaration: string): string => `
import { alias, dag } from 'tidegate';
const files = ${declaration};
export const ${id} = dag('${id}', { schedule: files }, (d) => void d.task('work', () => 1));
`;

describe('the aliases, references and templates of a project', () => {
  const projects: TempProject[] = [];
  const load = async (files: Readonly<Record<string, string>>) => {
    const made = await makeTempProject(files);
    projects.push(made);
    return loadProject(made.folder);
  };
  afterAll(() => Promise.all(projects.map((made) => made.remove())));

  it('are those that its DAGs mention, and that its files export, each once', async () => {
    const { plan } = await load({
      'dags/one.ts': usingAlias('one', "alias('files')"),
      'dags/two.ts': usingAlias('two', "alias('files', { group: 'lake' })"),
      'dags/three.ts': "import { alias } from 'tidegate';\nexport const lonely = alias('lonely');\n",
    });
    expect(plan.importErrors).toEqual([]);
    expect(plan.aliases).toEqual([
      { name: 'files', group: 'lake' },
      { name: 'lonely', group: '' },
    ]);
    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['one', 'two']);
  });

  it('clash where an alias has two groups, naming both places, without hurting others', async () => {
    const { plan } = await load({
      'dags/one.ts': usingAlias('one', "alias('files', { group: 'a' })"),
      'dags/two.ts': usingAlias('two', "alias('files', { group: 'b' })"),
      'dags/three.ts': usingAlias('three', "alias('others')"),
    });
    const message = "alias 'files' has two groups, 'a' at dags/one.ts:3 and 'b' at dags/two.ts:3";
    expect(plan.importErrors).toEqual([
      { file: 'dags/one.ts', message },
      { file: 'dags/two.ts', message },
    ]);
    expect([plan.aliases, plan.dags.map(({ dagId }) => dagId)]).toEqual([
      [{ name: 'others', group: '' }],
      ['three'],
    ]);
  });

  it('keep templates apart from assets, and what is said of one is known of its instances', async () => {
    const { plan, findTask } = await load({
      'assets.ts': `
import { asset } from 'tidegate';
import { z } from 'zod';
export const daily = asset({ name: 'daily', uri: 's3://lake/{{ds}}' }, { group: 'lake', eventExtra: z.object({ n: z.number() }) });
`,
      'dags/load.ts': `
import { asset, assetRef, dag, select } from 'tidegate';
import '../assets.ts';
export { daily } from '../assets.ts';
const bare = asset({ name: 'daily', uri: 's3://lake/{{ ds }}' });
export const load = dag('load', { schedule: select.tag('x').or(assetRef({ name: 'rates' })) }, (d) => {
  d.task('load', { outlets: [bare, asset('s3://lake/plain')] }, () => undefined);
});
`,
    });
    expect(plan.importErrors).toEqual([]);
    expect(plan.templates).toEqual([{ name: 'daily', uri: 's3://lake/{{ ds }}', group: 'lake' }]);
    expect(plan.assets.map(({ uri }) => uri)).toEqual(['s3://lake/plain']);
    expect(plan.dags[0]?.condition).toEqual({
      kind: 'any',
      of: [
        { kind: 'asset', asset: { kind: 'selector', by: 'tag', name: 'x' } },
        { kind: 'asset', asset: { kind: 'ref', by: 'name', name: 'rates' } },
      ],
    });
    const [outlet] = findTask('load', 'load')?.outlets.filter(isAsset) ?? [];
    if (outlet === undefined) throw new Error('no outlet');
    const values = { logicalAt: 0, dataIntervalStartAt: null, dataIntervalEndAt: null, partitionKey: null };
    expect(instanceOf(outlet, { ...values, params: {} }).eventExtra?.safeParse({}).success).toBe(false);
  });

  it('clash where a template has two names', async () => {
    const { plan } = await load({
      'dags/one.ts': `
import { asset, dag } from 'tidegate';
const outlets = ['a', 'b'].map((name) => asset({ name, uri: 's3://lake/{{ ds }}' }));
export const one = dag('one', {}, (d) => void d.task('work', { outlets }, () => 1));
`,
    });
    expect(plan.importErrors[0]?.message).toMatch(/asset s3:\/\/lake\/{{ ds }} has two names, 'a' and 'b'/);
    expect(plan.templates).toEqual([]);
  });
});
