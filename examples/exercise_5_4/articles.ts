import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';

/** One article of the help centre. */
export const Article = z.object({ collection: z.string(), title: z.string(), text: z.string() });
export type Article = z.infer<typeof Article>;

const folder = new URL('documents/', import.meta.url);

/** Names of the collections, one a file. */
export async function collections(): Promise<readonly string[]> {
  const files = await readdir(folder);
  return files.flatMap((file) => (file.endsWith('.md') ? [file.slice(0, -3)] : [])).toSorted();
}

/** The articles of a collection: what stands below each heading of the second level. */
export async function readCollection(collection: string): Promise<readonly Article[]> {
  const text = await readFile(new URL(`${collection}.md`, folder), 'utf8');
  const [, ...parts] = text.split(/^## /m);
  return parts.map((part) => {
    const [title = '', ...lines] = part.split('\n');
    return { collection, title, text: lines.join(' ').trim() };
  });
}

/** Tells contents apart. */
export function digestOf(articles: readonly Article[]): string {
  return createHash('sha256').update(JSON.stringify(articles)).digest('hex').slice(0, 12);
}
