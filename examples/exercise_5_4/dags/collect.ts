import { dag } from 'tidegate';
import { z } from 'zod';
import { collections, digestOf, readCollection } from '../articles.ts';
import { changedDocuments, collectionAsset, helpFiles } from '../assets.ts';

/** Looks which collections changed since their last update, and updates those, through the alias. */
export const collect = dag(
  'exercise_5_4_collect',
  {
    description: 'Collects the documents of the help centre, and updates each collection that changed',
    tags: ['exercise', 'module-05', 'aliases', 'producer'],
    params: z.object({ only: z.array(z.string()).optional() }),
    // Two at once would both find the same change.
    maxActiveRuns: 1,
  },
  (d) => {
    d.task(
      'collect',
      { inlets: [changedDocuments], outlets: [changedDocuments] },
      async ({ params, inlets, emit, log }) => {
        // What was recorded is the memory: a task that fails before its end has not updated anything, and looks again.
        const digests = new Map<string, unknown>();
        for await (const { asset, extra } of inlets.of(changedDocuments))
          digests.set(asset.name, extra['digest']);

        const there = await collections();
        const wanted = params.only ?? there;
        const unknown = wanted.filter((collection) => !there.includes(collection));
        if (unknown.length > 0)
          throw new Error(`no collection ${unknown.join(', ')}: there are ${there.join(', ')}`);

        const changed: string[] = [];
        for (const collection of wanted) {
          const articles = await readCollection(collection);
          const [asset, digest] = [collectionAsset(collection), digestOf(articles)];
          if (digests.get(asset.name) === digest) continue;
          await helpFiles.writeLines(`documents/${collection}.jsonl`, articles);
          emit.via(changedDocuments, asset, { extra: { articles: articles.length, digest } });
          changed.push(collection);
        }
        log.info('looked for changes', { wanted, changed });
        return { changed };
      },
    );
  },
);
