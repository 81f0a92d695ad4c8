import type { UriLevel } from '../../core/uri-level.ts';
import { loadProject, type Project } from '../../worker/project.ts';
import { makeTempProject } from '../support/temp-project.ts';

const users = `
import { asset } from 'tidegate';
export const users = asset({ name: 'users', uri: 'postgresql://ann:secret@warehouse/users' });
export const rates = asset({ name: 'rates', uri: 'postgresql://warehouse/sales/public/rates' });
`;
const readers = `
import { dag } from 'tidegate';
import { rates, users } from '../assets.ts';
export const first = dag('first', { schedule: users }, (d) => void d.task('only', () => 1));
export const second = dag('second', { schedule: [rates, users] }, (d) => void d.task('only', () => 1));
export const third = dag('third', { schedule: rates }, (d) => void d.task('only', () => 1));
`;
const expected = 'it is not written as its scheme expects: postgres://host[:5432]/database/schema/table';
const removed = 'user and password were removed: keep credentials out of asset URIs';
const place = 'assets.ts:3';

async function load(level?: UriLevel): Promise<Project> {
  const config = level === undefined ? '{}' : `{ assetUris: '${level}' }`;
  const { folder, remove } = await makeTempProject({
    'tidegate.config.ts': `import { defineConfig } from 'tidegate';\nexport default defineConfig(${config});\n`,
    'assets.ts': users,
    'dags/readers.ts': readers,
  });
  try {
    return await loadProject(folder);
  } finally {
    await remove();
  }
}

describe('the URI of an asset that does not meet the rule of its scheme', () => {
  it.each([undefined, 'warn'] as const)(
    'is deployed with a warning that names the place: %s',
    async (level) => {
      const { plan, warnings } = await load(level);
      expect(plan.importErrors).toEqual([]);
      expect(plan.dags).toHaveLength(3);
      expect(warnings).toEqual([
        { place, message: `asset 'users': ${removed}` },
        { place, message: `asset 'users': ${expected}` },
      ]);
    },
  );

  it('is an import error at strict, of the DAGs that use it', async () => {
    const { plan, warnings } = await load('strict');
    expect(plan.dags.map(({ dagId }) => dagId)).toEqual(['third']);
    const message = `asset 'users' (${place}): URI "postgresql://warehouse/users" is not valid: ${expected}`;
    expect(plan.importErrors).toEqual([{ file: 'dags/readers.ts', message }]);
    expect(warnings).toEqual([]);
  });

  it('is not spoken of when rules are off; a password is', async () => {
    const { plan, warnings } = await load('off');
    expect(plan.importErrors).toEqual([]);
    expect(warnings).toEqual([{ place, message: `asset 'users': ${removed}` }]);
  });
});

describe('the level of a project', () => {
  it('changes no URI, so that another level keeps every asset', async () => {
    const [warned, off] = await Promise.all([load('warn'), load('off')]);
    expect(off.plan).toEqual(warned.plan);
    expect(off.plan.assets.map(({ uri }) => uri)).toContain('postgres://warehouse:5432/sales/public/rates');
  });

  it('is one of three', async () => {
    await expect(load('lenient' as UriLevel)).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid_definition',
        message: `assetUris in tidegate.config.ts is "lenient": use one of 'strict', 'warn', 'off'`,
      }),
    );
  });
});
