import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repository } from '../support/temp-project.ts';
import { type Page, prose, readPages } from './markdown.ts';

interface Link {
  readonly from: string;
  readonly to: string;
}

/** Links and pictures of a page that lead to other places of the repository. */
function linksOf(page: Page): readonly Link[] {
  return [...prose(page).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, to = '']) => ({ from: page.path, to }))
    .filter(({ to }) => !/^[a-z]+:/.test(to));
}

/** Headings as links name them. */
function anchorsOf({ text }: Page): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function numberOf(decision: string): number {
  return Number(/\/(\d{4})-/.exec(decision)?.[1]);
}

describe('the pages', () => {
  it('link only to what is there', async () => {
    const pages = await readPages();
    const links = pages.flatMap(linksOf);
    const broken = links.filter(({ from, to }) => {
      const [path = '', anchor] = to.split('#');
      const target = path === '' ? from : join(dirname(from), path);
      if (!existsSync(join(repository, target))) return true;
      const page = pages.find((one) => one.path === target);
      return anchor !== undefined && page !== undefined && !anchorsOf(page).has(anchor);
    });
    expect(links.length).toBeGreaterThan(20);
    expect(broken).toEqual([]);
  });

  it('are reached by links from the README', async () => {
    const pages = await readPages();
    const reached = new Set(['README.md']);
    for (const from of reached) {
      for (const { to } of pages.filter((page) => page.path === from).flatMap(linksOf)) {
        const target = join(dirname(from), to.split('#', 1)[0] ?? '');
        // A folder stands for the pages in it.
        for (const { path } of pages)
          if (path === target || `${dirname(path)}/` === target) reached.add(path);
      }
    }
    expect(pages.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });

  it('number decisions without a gap, as their titles do', async () => {
    const decisions = (await readPages()).filter(({ path }) => path.startsWith('docs/decisions/'));
    const numbers = decisions.map(({ path }) => numberOf(path)).toSorted((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    for (const { path, text } of decisions) {
      expect(text.split('.', 1)).toEqual([`# ${numberOf(path)}`]);
      expect(text).toMatch(/\n## Context\n[^]+\n## Decision\n[^]+\n## Consequences\n/);
    }
  });
});
