import { z } from 'zod';
import { embed, similarity, type Vector, weighted, weightsOf } from './embedding.ts';

/** An article with its embedding. */
export const Embedded = z.object({
  collection: z.string(),
  title: z.string(),
  vector: z.array(z.number()),
});
export type Embedded = z.infer<typeof Embedded>;

export const SearchIndex = z.object({ weights: z.array(z.number()), articles: z.array(Embedded) });
export type SearchIndex = z.infer<typeof SearchIndex>;

/** A question that somebody asked, and the article that answers it. */
export const Question = z.object({ question: z.string(), title: z.string() });
export type Question = z.infer<typeof Question>;

export interface Hit {
  readonly title: string;
  readonly collection: string;
  readonly score: number;
}

export function buildIndex(articles: readonly Embedded[]): SearchIndex {
  const weights = weightsOf(articles.map(({ vector }) => vector));
  const indexed = articles.map(({ vector, ...rest }) => ({
    ...rest,
    vector: [...weighted(vector, weights)],
  }));
  return { weights: [...weights], articles: indexed };
}

/** The nearest articles, the nearest first. */
export function search({ weights, articles }: SearchIndex, question: string, most: number): readonly Hit[] {
  const asked: Vector = weighted(embed(question), weights);
  return articles
    .map(({ title, collection, vector }) => ({ title, collection, score: similarity(asked, vector) }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, most);
}

/** How many of the questions whose article is in the index find it first, or among the first three. */
export function evaluate(
  index: SearchIndex,
  questions: readonly Question[],
): { readonly asked: number; readonly first: number; readonly amongThree: number } {
  const titles = new Set(index.articles.map(({ title }) => title));
  const asked = questions.filter(({ title }) => titles.has(title));
  const places = asked.map(({ question, title }) =>
    search(index, question, 3).findIndex((hit) => hit.title === title),
  );
  return {
    asked: asked.length,
    first: places.filter((place) => place === 0).length,
    amongThree: places.filter((place) => place >= 0).length,
  };
}
