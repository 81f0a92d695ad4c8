import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parsePartitionMapper } from '../../core/parse-partition-mapper.ts';
import { targetKeys } from '../../core/partition-keys.ts';
import { expectedKeys } from '../../core/partition-window.ts';
import { parseFormat } from '../../core/time-format.ts';
import { repository } from '../support/temp-project.ts';
import { codeBlocks, type Page, readPage, tableRows } from './markdown.ts';

const run = promisify(execFile);

let page: Page;
beforeAll(async () => {
  page = await readPage('docs/partitions.md');
});

/** What stands in a cell as code; a bar would end the cell, so another stands for it. */
function codesIn(cell = ''): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll('│', '|'));
}

describe('docs/partitions.md', () => {
  it('has code that runs as it is written', async () => {
    const [code = ''] = codeBlocks(page, 'ts');
    // Inside the repository, where `tidegate` is the package itself.
    const scratch = join(repository, '.tidegate');
    await mkdir(scratch, { recursive: true });
    const folder = await mkdtemp(join(scratch, 'partitions-'));
    try {
      const file = join(folder, 'partitions.ts');
      await writeFile(file, code);
      const env = { ...process.env, NODE_OPTIONS: '' };
      const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { cwd: repository, env });
      expect(code).toContain(`// ${stdout}`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('tells what mappers make of keys', () => {
    const rows = tableRows(page).filter((row) => row[1]?.startsWith('`{"type"'));
    expect(rows).toHaveLength(15);
    for (const [, json, source, targets] of rows) {
      const [mapper = ''] = codesIn(json);
      const mapped = targetKeys(parsePartitionMapper(mapper, JSON.parse(mapper)), codesIn(source)[0] ?? '');
      expect({ mapper, mapped }).toEqual({ mapper, mapped: { kind: 'keys', keys: codesIn(targets) } });
    }
  });

  it('tells what windows consist of', () => {
    const rows = tableRows(page).filter((row) => row.length === 4 && row[3]?.includes(' … '));
    expect(rows).toHaveLength(6);
    for (const [units, , of, keys] of rows) {
      const [[unit = ''], [target = ''], [first, last]] = [codesIn(units), codesIn(of), codesIn(keys)];
      const inputFormat =
        unit === 'hour' ? '%FT%H:%M' : unit === 'day' ? '%FT%H' : /year|quarter/.test(unit) ? '%Y-%m' : '%F';
      const mapper = { type: 'startOf', unit, inputFormat };
      const rollUp = parsePartitionMapper(unit, { type: 'rollup', mapper, window: { window: unit } });
      if (rollUp.type !== 'rollup') throw new Error('it is no roll-up');
      const expected = expectedKeys(rollUp, target);
      expect([expected[0], expected.at(-1)]).toEqual([first, last]);
      const fanOut = parsePartitionMapper(unit, { type: 'fanout', mapper });
      expect(targetKeys(fanOut, expected[0] ?? '')).toEqual({ kind: 'keys', keys: expected });
    }
  });

  it('has the codes that there are', () => {
    const codes = [...page.text.matchAll(/`(%[A-Za-z])`/g)].map(([, code = '']) => code);
    expect(new Set(codes).size).toBe(17);
    for (const code of codes) expect(() => parseFormat(code)).not.toThrow();
    const known = /use (.*)$/.exec(refusalOf('%Q'))?.[1]?.split(' ') ?? [];
    expect(known.filter((code) => code !== '%%' && !codes.includes(code))).toEqual([]);
  });
});

function refusalOf(format: string): string {
  try {
    parseFormat(format);
    return '';
  } catch (error) {
    return String(error);
  }
}
