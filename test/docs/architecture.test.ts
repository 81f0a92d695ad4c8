import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from '../support/temp-project.ts';
import { readPage, tableRows } from './markdown.ts';

const units: Readonly<Record<string, number>> = {
  KiB: 1_024,
  MiB: 1_024 ** 2,
  s: 1_000,
  minutes: 60_000,
  bytes: 1,
  characters: 1,
};

/** `64 KiB` or `10,000` as the number that the code has for it: bytes, milliseconds or a count. */
function valueOf(text: string): number {
  const [, amount = '', unit] = /^([\d,]+)(?: (\w+))?$/.exec(text) ?? [];
  return Number(amount.replaceAll(',', '')) * (unit === undefined ? 1 : (units[unit] ?? Number.NaN));
}

/** What a constant is set to: a product of numbers, or a duration in words. */
function constantIn(code: string, name: string): number {
  const [, written = ''] = new RegExp(`^(?:export )?const ${name} = (.+);$`, 'm').exec(code) ?? [];
  if (written.startsWith("'")) return valueOf(written.slice(1, -1));
  return written.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
}

describe('docs/architecture.md', () => {
  it('tells the limits that the code has', async () => {
    const rows = tableRows(await readPage('docs/architecture.md'));
    const limits = rows.flatMap(([, limit = '', constant = '']) => {
      const [, name, file] = /^`(\w+)` in `([\w/.-]+)`$/.exec(constant) ?? [];
      return name === undefined || file === undefined ? [] : [{ limit, name, file }];
    });
    expect(limits.length).toBeGreaterThan(20);
    for (const { limit, name, file } of limits) {
      const value = constantIn(await readFile(join(repository, file), 'utf8'), name);
      expect({ name, value }).toEqual({ name, value: valueOf(limit) });
    }
  });

  it('has every table of the store', async () => {
    const schema = await readFile(join(repository, 'store/schema.ts'), 'utf8');
    const [, database = ''] = /^export interface Database \{\n([^}]+)\}/m.exec(schema) ?? [];
    const tables = [...database.matchAll(/readonly (\w+):/g)].map(([, name = '']) => name);
    const named = tableRows(await readPage('docs/architecture.md')).map(([first = '']) => first);
    expect(tables.length).toBeGreaterThan(10);
    expect(named).toEqual(expect.arrayContaining(tables.map((name) => `\`${name}\``)));
  });
});
