import { dag } from 'tidegate';
import { z } from 'zod';
import { readCsv } from '../../csv.ts';
import { collections } from '../articles.ts';
import { embeddings, helpFiles, searchIndex } from '../assets.ts';
import { buildIndex, Embedded, evaluate, Question, search, SearchIndex } from '../search-index.ts';

const tags = ['exercise', 'module-05', 'aliases', 'consumer'];

/** An index that answers fewer questions than this is not published. */
const leastShare = 0.8;

export const index = dag(
  'exercise_5_4_index',
  {
    schedule: embeddings,
    tags,
    description: 'Builds the search index, and publishes it when it is good enough',
  },
  (d) => {
    const built = d.task('build', async ({ runId, log, skip }) => {
      const articles: Embedded[] = [];
      for (const collection of await collections()) {
        const file = `embeddings/${collection}.jsonl`;
        if (await helpFiles.has(file))
          articles.push(...(await helpFiles.readLines(file, (row) => Embedded.parse(row))));
      }
      if (articles.length === 0) skip('nothing is embedded yet');
      const file = `indexes/${encodeURIComponent(runId)}.json`;
      await helpFiles.writeJson(file, buildIndex(articles));
      log.info('index built', { articles: articles.length });
      return { file, articles: articles.length };
    });

    d.task(
      'publish',
      { needs: { built }, outlets: [searchIndex] },
      async ({
        needs: {
          built: { file, articles },
        },
        emit,
        log,
        skip,
      }) => {
        const candidate = await helpFiles.readJson(file, (value) => SearchIndex.parse(value));
        const questions = await readCsv(new URL('../questions.csv', import.meta.url), (line) =>
          Question.parse(line),
        );
        const result = evaluate(candidate, questions);
        log.info('evaluated', result);
        if (result.amongThree < leastShare * result.asked) skip('it finds too few answers');
        await helpFiles.writeJson('index.json', candidate);
        emit(searchIndex, { extra: { articles, ...result } });
      },
    );
  },
);

export const answer = dag(
  'exercise_5_4_answer',
  {
    description: 'Answers a question from the index that was published last',
    tags,
    params: z.object({ question: z.string().min(1) }),
  },
  (d) => {
    d.task('answer', { inlets: [searchIndex] }, async ({ params: { question }, inlets, log, skip }) => {
      const published = (await inlets.of(searchIndex).last()) ?? skip('no index is published yet');
      const articles = await helpFiles.readJson('index.json', (value) => SearchIndex.parse(value));
      log.info('asked', { question, articles: published.extra.articles });
      const hits = search(articles, question, 3);
      for (const { title, collection, score } of hits)
        log.info('found', { title, collection, score: Math.round(score * 100) / 100 });
      return hits;
    });
  },
);
