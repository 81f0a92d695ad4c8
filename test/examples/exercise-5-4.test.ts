import { embed, similarity } from '../../examples/exercise_5_4/embedding.ts';
import { readPage } from '../docs/markdown.ts';
import { type RunningProject, startExamples } from '../support/running-project.ts';
import { follow } from './readme-session.ts';

describe('exercise 5.4', () => {
  let examples: RunningProject;
  beforeAll(async () => {
    examples = await startExamples();
  }, 90_000);
  afterAll(() => examples.stop());

  it('shows what its README says', async () => {
    expect(await follow(await readPage('examples/exercise_5_4/README.md'), examples)).toBeGreaterThan(10);
  }, 120_000);
});

describe('an embedding', () => {
  it('has length 1, and is near that of a text with the same words', () => {
    const [invoice, same, other] = [
      embed('Download an invoice'),
      embed('how do I download invoices?'),
      embed('Restore a deleted file'),
    ];
    expect(similarity(invoice, invoice)).toBeCloseTo(1, 12);
    expect(similarity(invoice, same)).toBeCloseTo(1, 12);
    expect(Math.abs(similarity(invoice, other))).toBeLessThan(0.3);
  });

  it('is nothing for a text without words', () => {
    expect(new Set(embed('the of, 42!'))).toEqual(new Set([0]));
  });
});
