import { formOf, schemeRules } from '../../core/uri-schemes.ts';
import { asset } from '../../sdk/index.ts';
import { codeBlocks, type Page, readPage, tableRows } from './markdown.ts';
import { typed } from './shell.ts';

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
  });

  it('tells what URIs become', () => {
    const rows = tableRows(page).map((row) => row.slice(-2).flatMap(codesIn));
    const examples = rows.filter(([written = '']) => /:\/|\/$/.test(written));
    expect(examples.length).toBeGreaterThan(12);
    expect(examples.map(([written = '']) => [written, asset(written).uri])).toEqual(examples);
  });
});
