import { dag } from 'tidegate';
import { Article } from '../articles.ts';
import { changedDocuments, embeddings, helpFiles } from '../assets.ts';
import { dimensions, embed } from '../embedding.ts';

/** Waits for the alias: it is started by whatever came through it, and embeds that alone. */
export const embedChanged = dag(
  'exercise_5_4_embed',
  {
    schedule: changedDocuments,
    tags: ['exercise', 'module-05', 'aliases', 'consumer'],
    description: 'Embeds the articles of collections that changed',
  },
  (d) => {
    d.task('embed', { outlets: [embeddings] }, async ({ events, emit, log, skip }) => {
      const changed = new Set<string>();
      for await (const { asset } of events.of(changedDocuments))
        changed.add(asset.uri.slice(asset.uri.lastIndexOf('/') + 1));
      if (changed.size === 0) skip('nothing came through the alias: run exercise_5_4_collect');
      let embedded = 0;
      for (const collection of changed) {
        const articles = await helpFiles.readLines(`documents/${collection}.jsonl`, (row) =>
          Article.parse(row),
        );
        const vectors = articles.map(({ title, text }) => ({
          collection,
          title,
          vector: embed(`${title} ${title} ${text}`),
        }));
        await helpFiles.writeLines(`embeddings/${collection}.jsonl`, vectors);
        embedded += vectors.length;
      }
      log.info('articles embedded', { embedded, dimensions, collections: [...changed] });
      emit(embeddings, { extra: { embedded, collections: [...changed] } });
    });
  },
);
