import { loadProject } from '../../worker/project.ts';
import { makeTempProject, type TempProject } from '../support/temp-project.ts';

const config = (pools: string): string =>
  `import { defineConfig } from 'tidegate';\nexport default defineConfig({ pools: ${pools} });\n`;
const aDag = (id: string, options: string, task: string): string =>
  `import { dag } from 'tidegate';\nexport const it = dag('${id}', ${options}, (d) => {\n  d.task('work', ${task}, () => 1);\n});\n`;

describe('a project with pools', () => {
  const projects: TempProject[] = [];
  const load = async (files: Readonly<Record<string, string>>) => {
    const made = await makeTempProject(files);
    projects.push(made);
    return (await loadProject(made.folder)).plan;
  };
  afterAll(() => Promise.all(projects.map((made) => made.remove())));

  it('has them in its plan, and in the plans of DAGs and tasks what these take', async () => {
    const pools = '{ warehouse: { slots: 4 } }';
    const dags = { 'dags/a.ts': aDag('a', '{}', "{ pool: { name: 'warehouse', slots: 2 } }") };
    const plan = await load({ 'tidegate.config.ts': config(pools), ...dags });
    expect(plan.importErrors).toEqual([]);
    expect(plan.pools).toEqual([{ name: 'warehouse', slots: 4 }]);
    expect(plan.dags[0]?.run.tasks[0]?.pool).toEqual({ name: 'warehouse', slots: 2 });
    const other = await load({ 'tidegate.config.ts': config('{ warehouse: { slots: 5 } }'), ...dags });
    expect(other.hash).not.toBe(plan.hash);
  });

  it('without pools has the plan it had before there were any', async () => {
    const plan = await load({ 'dags/a.ts': aDag('a', '{}', '{}') });
    expect(JSON.stringify(plan)).not.toContain('pool');
  });

  it('is refused where a pool is not valid', async () => {
    await expect(
      load({ 'tidegate.config.ts': config('{ a: {} }'), 'dags/a.ts': aDag('a', '{}', '{}') }),
    ).rejects.toThrow(/^pool a \{\} is not valid/);
  });

  it('says what is wrong with each DAG that does not go with them, and deploys the others', async () => {
    const { dags, importErrors } = await load({
      'tidegate.config.ts': config('{ p: { slots: 1 }, q: { slots: 1 }, r: { slots: 1 } }'),
      'dags/fine.ts': aDag('fine', "{ pool: 'q' }", "{ pool: 'r' }"),
      'dags/typo.ts': aDag('typo', '{}', "{ pool: 'pp' }"),
      'dags/whole.ts': aDag('whole', "{ pool: 'x' }", '{}'),
      'dags/large.ts': aDag('large', '{}', "{ pool: { name: 'p', slots: 2 } }"),
      'dags/own.ts': aDag('own', "{ pool: 'p' }", "{ pool: 'p' }"),
      'dags/param.ts': aDag(
        'param',
        "{ params: (await import('zod')).z.object({ a: (await import('zod')).z.string() }) }",
        "{ pool: { name: 'p', key: '{{ params.b }}' } }",
      ),
    });
    expect(dags.map(({ dagId }) => dagId)).toEqual(['fine']);
    expect(importErrors.map(({ file, message }) => [file.slice(5, -3), message.split('\n')[0]])).toEqual([
      [
        'large',
        expect.stringMatching(/^DAG 'large' .+: task 'work': it takes 2 slots of pool 'p', which has 1/),
      ],
      [
        'own',
        expect.stringMatching(/task 'work': it waits for pool 'p', of which its run holds slots as a whole/),
      ],
      ['param', expect.stringMatching(/pool key "\{\{ params.b \}\}" needs unknown parameter 'b': /)],
      ['typo', expect.stringMatching(/task 'work': pool 'pp' is not declared in .+: did you mean 'p'\?/)],
      ['whole', expect.stringMatching(/^DAG 'whole' .+: pool 'x' is not declared/)],
    ]);
  });

  it('refuses DAGs that could come to wait for each other', async () => {
    const { dags, importErrors } = await load({
      'tidegate.config.ts': config('{ p: { slots: 1 }, q: { slots: 1 } }'),
      'dags/one.ts': aDag('one', "{ pool: 'p' }", "{ pool: 'q' }"),
      'dags/other.ts': aDag('other', "{ pool: 'q' }", "{ pool: 'p' }"),
      'dags/third.ts': aDag('third', '{}', "{ pool: 'p' }"),
    });
    expect(dags.map(({ dagId }) => dagId)).toEqual(['third']);
    expect(importErrors.map(({ file }) => file)).toEqual(['dags/one.ts', 'dags/other.ts']);
    expect(importErrors[0]?.message).toMatch(/could wait for each other for ever/);
  });
});
