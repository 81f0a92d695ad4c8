import { alias, asset, type Asset } from 'tidegate';
import { z } from 'zod';
import { dataLake } from '../data-lake.ts';

const group = 'help-centre';

/** Stands for whatever collections turn out to have changed. */
export const changedDocuments = alias('changed-documents', { group });

const collectionExtra = z.object({ articles: z.int(), digest: z.string() });

/** The asset of one collection; which there are is known when a task runs. */
export function collectionAsset(
  collection: string,
): Asset<z.output<typeof collectionExtra>, z.input<typeof collectionExtra>> {
  return asset(`s3://help-centre/documents/${collection}`, { group, eventExtra: collectionExtra });
}

export const embeddings = asset('s3://help-centre/embeddings', {
  group,
  description: 'One vector for each article',
  eventExtra: z.object({ embedded: z.int(), collections: z.array(z.string()) }),
});

export const searchIndex = asset('s3://help-centre/index', {
  group,
  description: 'What questions are answered from',
  eventExtra: z.object({ articles: z.int(), asked: z.int(), first: z.int(), amongThree: z.int() }),
});

/** Where the files of this example are. */
export const helpFiles = dataLake('help-centre');
