import { readdir, readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { repository } from '../support/temp-project.ts';

/** A page of the repository; its path is relative to it. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

export async function readPage(path: string): Promise<Page> {
  return { path, text: await readFile(join(repository, path), 'utf8') };
}

/** Every page that people read, which none of the packages brought. */
export async function readPages(): Promise<readonly Page[]> {
  const inFolders = await Promise.all(['docs', 'examples'].map((folder) => filesIn(folder)));
  const atTop = await readdir(repository);
  const paths = [...atTop, ...inFolders.flat()].filter((path) => path.endsWith('.md'));
  return Promise.all(paths.map(readPage));
}

/** Files of a folder, with forward slashes, relative to the repository; none where there is no such folder. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(join(repository, folder), { recursive: true }).catch(() => []);
  return names
    .map((name) => `${folder}/${name.split(sep).join('/')}`)
    .filter((path) => !path.includes('/node_modules/'));
}

/** What stands between the fences of one language. */
export function codeBlocks({ text }: Page, language: string): readonly string[] {
  const fenced = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm');
  return [...text.matchAll(fenced)].map(([, code = '']) => code);
}

/** A page without its code, where brackets and bars mean something else. */
export function prose({ text }: Page): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

/** The cells of every table row of a page, without headers. */
export function tableRows({ text }: Page): readonly (readonly string[])[] {
  const lines = text.split('\n');
  return lines
    .filter((line, index) => isRow(line) && !isRule(line) && !isRule(lines[index + 1] ?? ''))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function isRow(line: string): boolean {
  return line.startsWith('|');
}

function isRule(line: string): boolean {
  return /^\|(?: *:?-+:? *\|)+$/.test(line);
}
