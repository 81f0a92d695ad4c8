import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formOf, schemeRules } from '../../core/uri-schemes.ts';
import { asset } from '../../sdk/index.ts';
import { repository } from '../support/temp-project.ts';
import { codeBlocks, type Page, readPage, tableRows } from './markdown.ts';

const run = promisify(execFile);
const programs = { NODE: process.execPath, TIDEGATE: join(repository, 'cli/tidegate.mjs') };

/** What a shell shows when the commands of a block are typed into it, errors included. */
async function typed(block: string): Promise<string> {
  let [shown, status] = ['', 0];
  for (const [, line = ''] of block.matchAll(/^\$ (.+)$/gm)) {
    const shell = `exec 2>&1; tidegate() { "$NODE" "$TIDEGATE" "$@"; }; (exit ${status}); ${line}`;
    const ended = await run('sh', ['-c', shell], {
      env: { ...process.env, NODE_OPTIONS: '', ...programs },
    }).then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (failed: { readonly stdout: string; readonly code: number }) => failed,
    );
    shown += `$ ${line}\n${ended.stdout}`;
    status = ended.code;
  }
  // The formatter takes away the tab before a last cell that is empty.
  return shown.replaceAll(/[ \t]+$/gm, '');
}

let page: Page;
beforeAll(async () => {
  page = await readPage('docs/assets.md');
});

/** What stands in a cell as code. */
function codesIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

describe('docs/assets.md', () => {
  it('has the schemes with rules, and the form of each', () => {
    const rows = tableRows(page).map((row) => row.map(codesIn));
    const isRule = ([[scheme = ''] = [], [form = ''] = []]: (typeof rows)[number]): boolean =>
      /^[a-z0-9]+$/.test(scheme) && form.includes('://');
    const told = rows.filter(isRule);
    expect(told).toEqual(schemeRules.map((rule) => [rule.schemes, [formOf(rule)]]));
  });

  it('shows what its commands print', async () => {
    const blocks = codeBlocks(page, 'console');
    expect(blocks).toHaveLength(3);
    expect(await Promise.all(blocks.map(typed))).toEqual(blocks);
  }, 60_000);

  it('tells what URIs become', () => {
    const rows = tableRows(page).map((row) => row.slice(-2).flatMap(codesIn));
    const examples = rows.filter(([written = '']) => /:\/|\/$/.test(written));
    expect(examples.length).toBeGreaterThan(12);
    expect(examples.map(([written = '']) => [written, asset(written).uri])).toEqual(examples);
  });
});
