import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseScenario } from '../../core/parse-scenario.ts';
import { repository } from '../support/temp-project.ts';
import { codeBlocks, type Page, readPage, tableRows } from './markdown.ts';
import { typed } from './shell.ts';

const run = promisify(execFile);

let page: Page;
beforeAll(async () => {
  page = await readPage('docs/simulator.md');
});

/** What the first cells of the tables show as JSON, with something in place of what they leave out. */
function jsonIn(rows: readonly (readonly string[])[]): readonly unknown[] {
  const codes = rows.flatMap(([first = '']) =>
    [...first.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
  );
  return codes
    .filter((code) => /^["[{]|^null$/.test(code))
    .map((code) => JSON.parse(code.replace('"a", …', '"a"').replace('…', '"a", "b"')));
}

describe('docs/simulator.md', () => {
  it('has code that runs as it is written', async () => {
    const [code = ''] = codeBlocks(page, 'ts');
    // Inside the repository, where `tidegate` is the package itself.
    const scratch = join(repository, '.tidegate');
    await mkdir(scratch, { recursive: true });
    const folder = await mkdtemp(join(scratch, 'simulator-'));
    try {
      const file = join(folder, 'sales.ts');
      await writeFile(file, code);
      const env = { ...process.env, NODE_OPTIONS: '' };
      const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { cwd: repository, env });
      expect(code).toContain(`// ${stdout}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('shows what its commands print', async () => {
    const [block = ''] = codeBlocks(page, 'console');
    expect(await typed(block)).toBe(block);
  });

  it('shows schedules and steps that there are', () => {
    const written = jsonIn(tableRows(page));
    const isStep = (value: unknown) =>
      /event|batch|finish|pause|Run|Tick|deadline|clear|register|advance/.test(JSON.stringify(value));
    const [steps, schedules] = [written.filter(isStep), written.filter((value) => !isStep(value))];
    expect([steps.length, schedules.length]).toEqual([12, 9]);
    expect(parseScenario({ schedule: 'a', steps }).steps).toHaveLength(steps.length);
    for (const schedule of schedules) expect(() => parseScenario({ schedule, steps: [] })).not.toThrow();
  });
});
