import { dag } from 'tidegate';
import { Article } from '../articles.ts';
import { collectionAsset, helpFiles } from '../assets.ts';
import { stemsOf } from '../embedding.ts';

const billing = collectionAsset('billing');

/** Waits for one of the assets that come through the alias: neither knows of the other. */
export const billingTerms = dag(
  'exercise_5_4_billing_terms',
  {
    schedule: billing,
    tags: ['exercise', 'module-05', 'aliases', 'consumer'],
    description: 'Counts what the articles about billing speak of',
  },
  (d) => {
    d.task('count', async ({ log, skip }) => {
      if (!(await helpFiles.has('documents/billing.jsonl'))) skip('run exercise_5_4_collect first');
      const articles = await helpFiles.readLines('documents/billing.jsonl', (row) => Article.parse(row));
      const counts = new Map<string, number>();
      for (const { title, text } of articles)
        for (const stem of stemsOf(`${title} ${text}`)) counts.set(stem, (counts.get(stem) ?? 0) + 1);
      const most = [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 5);
      log.info('counted', { articles: articles.length, ...Object.fromEntries(most) });
      return most;
    });
  },
);
