import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repository } from '../support/temp-project.ts';
import { filesIn, readPage, tableRows } from './markdown.ts';

const folders = [
  'core',
  'sdk',
  'store',
  'workflows',
  'activities',
  'temporal',
  'worker',
  'api',
  'cli',
  'dev',
  'examples',
];
const variable = /(?:TIDEGATE|TEMPORAL|POSTGRES)_[A-Z_]*[A-Z]|DATABASE_URL|XDG_CACHE_HOME|NO_COLOR/;

/** Variables whose names stand in code as a text or a key, each once. */
async function variablesInCode(): Promise<ReadonlySet<string>> {
  const files = (await Promise.all(folders.map((folder) => filesIn(folder)))).flat();
  const found = new Set<string>();
  const named = new RegExp(`(?:['"](${variable.source})['"]|^\\s+(${variable.source}):)`, 'gm');
  for (const file of files.filter((path) => /\.m?ts$|\.mjs$/.test(path))) {
    const code = await readFile(join(repository, file), 'utf8');
    for (const [, text, key] of code.matchAll(named)) found.add(text ?? key ?? '');
  }
  return found;
}

/** Variables that `docker compose` takes from its `.env`. */
async function variablesOfCompose(): Promise<ReadonlySet<string>> {
  const example = await readFile(join(repository, '.env.example'), 'utf8');
  return new Set([...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name));
}

describe('docs/configuration.md', () => {
  it('has every variable that the code or docker compose reads, and no other', async () => {
    const rows = tableRows(await readPage('docs/configuration.md'));
    const documented = new Set(rows.map(([first = '']) => first.replaceAll('`', '')));
    const read = new Set([...(await variablesInCode()), ...(await variablesOfCompose())]);
    expect([...documented].toSorted()).toEqual([...read].toSorted());
  });

  it('has every variable that the README names', async () => {
    const page = await readPage('docs/configuration.md');
    const rows = tableRows(await readPage('README.md')).map(([first = '']) => first.replaceAll('`', ''));
    const named = rows.filter((name) => new RegExp(`^(?:${variable.source})$`).test(name));
    expect(named).not.toEqual([]);
    for (const name of named) expect(page.text).toContain(`\`${name}\``);
  });
});
