import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, posix, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptyNames, type ImportRule, importRules, isIn, isWiring, ruleOf, wiring } from './import-rules.ts';
import { type Import, importsOf } from './imports.ts';

/** Checks one file (path from the root, with `/`) against the import table; one line per violation. */
export async function violationsOf(file: string, text: string): Promise<readonly string[]> {
  const rule = ruleOf(file);
  const imports = await importsOf(text, file.endsWith('.tsx'));
  return [
    ...emptyNameIn(file),
    ...imports.flatMap((each) => {
      const problem = rule === undefined ? undefined : problemWith(file, rule, each);
      return problem === undefined ? [] : [`${file}:${each.line}: ${problem}`];
    }),
  ];
}

function emptyNameIn(file: string): readonly string[] {
  const name = posix.basename(file).split('.')[0] ?? '';
  const empty = name.split('-').find((part) => emptyNames.includes(part));
  return empty === undefined ? [] : [`${file}:1: "${empty}" in a file name: name it after its main export`];
}

function problemWith(file: string, rule: ImportRule, { source, typeOnly }: Import): string | undefined {
  const target = inRepository(file, source);
  if (target === undefined) return problemWithPackage(rule, source);
  if (isWiring(target))
    return `${rule.of} imports ${target}: nothing but wiring (main.ts, ${wiring.join(', ')}) may`;
  const allowed = typeOnly ? [...rule.folders, ...(rule.typesFrom ?? [])] : rule.folders;
  if ([rule.of, ...allowed].some((place) => isIn(target, place) && !belongsToInner(target, place)))
    return undefined;
  const types = rule.typesFrom?.map((folder) => `types of ${folder}`) ?? [];
  return `${rule.of} imports ${target}: allowed are ${listed([...rule.folders, ...types])}`;
}

/** `api` does not stand for `api/contract`: a folder with a rule of its own must be named itself. */
function belongsToInner(target: string, place: string): boolean {
  return importRules.some(({ of }) => of.startsWith(`${place}/`) && isIn(target, of));
}

function problemWithPackage(rule: ImportRule, source: string): string | undefined {
  if (rule.packages === undefined) return undefined;
  const name = source.startsWith('node:')
    ? 'node:'
    : source.split('/', source.startsWith('@') ? 2 : 1).join('/');
  if (rule.packages.includes(name)) return undefined;
  return `${rule.of} imports package ${source}: allowed are ${listed(rule.packages)}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

/** Path of the imported file from the root; undefined for a package. By its own name the package is the sdk, and the operators. */
function inRepository(file: string, source: string): string | undefined {
  if (source === 'tidegate') return 'sdk/index.ts';
  if (source === 'tidegate/operators') return 'operators/index.ts';
  if (!source.startsWith('.')) return undefined;
  return posix.join(posix.dirname(file), source);
}

async function lint(root: string): Promise<readonly string[]> {
  const folders = new Set([...importRules.map(({ of }) => of.split('/')[0] ?? of), ...wiring]);
  const all: string[] = [];
  for (const folder of folders) {
    const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    for (const name of names.map((each) => each.split(sep).join('/')).toSorted()) {
      if (!/\.tsx?$/.test(name) || name.split('/').includes('node_modules')) continue;
      const file = `${folder}/${name}`;
      all.push(...(await violationsOf(file, await readFile(join(root, file), 'utf8'))));
    }
  }
  return all;
}

const self = fileURLToPath(import.meta.url);
if (process.argv[1] === self) {
  const violations = await lint(resolve(dirname(self), '..'));
  process.stdout.write(violations.map((line) => `${line}\n`).join(''));
  if (violations.length > 0) process.exitCode = 1;
}
