import { readFile } from 'node:fs/promises';
import { errorCodes } from '../../core/errors.ts';

describe('docs/errors.md', () => {
  it('has one section for each code, in the order of the list', async () => {
    const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, code]) => code);
    expect(sections).toEqual([...errorCodes]);
  });
});
