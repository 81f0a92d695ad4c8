import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DagRun, DagRunCollection } from '../../api/contract/dag-runs.ts';
import { type Api, createApi } from '../../cli/api-client.ts';
import * as sdk from '../../sdk/index.ts';
import { runHere } from '../cli/run-command.ts';
import { type RunningProject, startProject } from '../support/running-project.ts';
import { repository } from '../support/temp-project.ts';
import { eventually } from '../support/tidegate.ts';
import { codeBlocks, type Page, readPage, tableRows } from './markdown.ts';

let page: Page;
let folder: string;

// The TypeScript of the page is a project: each block one of its files.
beforeAll(async () => {
  page = await readPage('docs/coming-from-airflow.md');
  // Inside the repository, where `tidegate` is the package itself.
  await mkdir(join(repository, '.tidegate'), { recursive: true });
  folder = await mkdtemp(join(repository, '.tidegate/coming-from-airflow-'));
  const config = `import { defineConfig } from 'tidegate';\nexport default defineConfig({ dags: ['block-*.ts'] });\n`;
  await writeFile(join(folder, 'tidegate.config.ts'), config);
  for (const [index, code] of codeBlocks(page, 'ts').entries())
    await writeFile(join(folder, `block-${index}.ts`), code);
});
afterAll(() => rm(folder, { recursive: true }));

/** Codes in a column of all tables whose rows have as many columns as this. */
function codesInColumn(column: number): readonly string[] {
  return tableRows(page).flatMap((row) =>
    [...(row[column] ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
  );
}

describe('docs/coming-from-airflow.md', () => {
  it('has both spellings of everything it shows', () => {
    const languages = [...page.text.matchAll(/^```(\w+)$/gm)].map(([, language]) => language);
    expect(languages.length).toBeGreaterThanOrEqual(20);
    expect(languages.filter((_, index) => index % 2 === 0)).toEqual(
      codeBlocks(page, 'python').map(() => 'python'),
    );
    expect(languages.filter((_, index) => index % 2 === 1)).toEqual(codeBlocks(page, 'ts').map(() => 'ts'));
  });

  it('names commands that there are', async () => {
    const wordsIn = (code: string): readonly string[] => {
      const [, words] = /^`?tidegate ([a-z-]+(?: (?!my_)[a-z-]+)?)/.exec(code) ?? [];
      return words === undefined ? [] : [words];
    };
    const commands = codesInColumn(1).flatMap(wordsIn);
    // Another test compares those of the README with the command itself.
    const known = tableRows(await readPage('README.md')).flatMap(([first = '']) => wordsIn(first));
    expect(commands.length).toBeGreaterThan(15);
    expect(commands.filter((command) => !known.includes(command))).toEqual([]);
  });

  it('says that something is not there only while it is not', () => {
    const missing = /watch|sensor|backfill|expand|group$|branch|pool|priority|stateStore|listener/i;
    expect(Object.keys(sdk).filter((name) => missing.test(name))).toEqual([]);
  });

  describe('on servers', () => {
    let project: RunningProject;
    let api: Api;
    beforeAll(async () => {
      project = await startProject(folder);
      api = createApi(project.apiUrl);
    });
    afterAll(() => project.stop());

    /** Whether DAGs come to have so many runs, each of them a success. */
    const reached = (counts: Readonly<Record<string, number>>): Promise<true> =>
      eventually(async () => {
        for (const [dagId, count] of Object.entries(counts)) {
          const { dag_runs: runs } = await api.get(DagRunCollection, `/api/v2/dags/${dagId}/dagRuns`);
          if (runs.length !== count || !runs.every(({ state }) => state === 'success')) return false;
        }
        return true;
      });
    const trigger = (dagId: string): Promise<DagRun> =>
      api.send('POST', DagRun, `/api/v2/dags/${dagId}/dagRuns`, {});
    const post = async (uri: string): Promise<void> => {
      const command = ['events', 'create', '--uri', uri, '--api-url', project.apiUrl];
      expect(await runHere(command)).toMatchObject({ status: 0 });
    };

    it('loads without an error, and its calls are there', async () => {
      const errors = await runHere(['dags', 'list-import-errors', '--api-url', project.apiUrl]);
      expect(errors.stdout.trim()).toBe('no import errors');
      const document = (await (await fetch(`${project.apiUrl}/openapi.json`)).json()) as {
        readonly paths: Readonly<Record<string, object>>;
      };
      const calls = codesInColumn(0).flatMap((code) => {
        const [, method = '', path] = /^([A-Z]+) (\/api\S+)$/.exec(code) ?? [];
        return path === undefined ? [] : [{ method: method.toLowerCase(), path }];
      });
      expect(calls.length).toBeGreaterThan(2);
      for (const { method, path } of calls) expect(document.paths[path]).toHaveProperty(method);
    });

    it('starts consumers as its conditions say', async () => {
      await post('s3://lake/a');
      expect(await reached({ either: 1 })).toBe(true);
      await post('s3://lake/c');
      expect(await reached({ nested: 1, same: 1, either: 1, both: 0 })).toBe(true);
      await post('s3://lake/b');
      expect(await reached({ both: 1, either: 2, nested: 1 })).toBe(true);
    });

    it('starts what waits for what its producers update', async () => {
      for (const dagId of ['load_orders', 'raw', 'load_sales', 'load_files', 'load_days'])
        await trigger(dagId);
      const started = { report_orders: 1, morning: 1, clean: 1, split: 1, count_files: 1, daily: 1 };
      expect(await reached({ ...started, load_sales: 1 })).toBe(true);
      await post('s3://lake/rates');
      await post('postgres://db:5432/app/public/users');
      expect(await reached({ convert: 1, by_name: 1, late: 0, weekly: 0 })).toBe(true);
    });
  });
});
