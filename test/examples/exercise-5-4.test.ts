import { embed, similarity } from '../../examples/exercise_5_4/embedding.ts';
import { runHere } from '../cli/run-command.ts';
import { readPage } from '../docs/markdown.ts';
import { type RunningProject, startExamples } from '../support/running-project.ts';
import { follow } from './readme-session.ts';

describe('exercise 5.4', () => {
  let examples: RunningProject;
  beforeAll(async () => {
    examples = await startExamples();
  });
  afterAll(() => examples.stop());

  it('shows what its README says', async () => {
    expect(await follow(await readPage('examples/exercise_5_4/README.md'), examples)).toBeGreaterThan(10);
  });

  it('says which collections there are when it is asked for another one', async () => {
    const at = ['--api-url', examples.apiUrl];
    const asked = ['exercise_5_4_collect', '-r', 'other', '-c', '{"only": ["sync", "../dags"]}', '--wait'];
    expect(await runHere(['dags', 'trigger', ...asked, ...at])).toMatchObject({ status: 1 });
    const { stdout } = await runHere(['runs', 'logs', 'exercise_5_4_collect', 'other', ...at]);
    expect(stdout).toContain('no collection ../dags: there are accounts, billing, sync');
    const { stdout: events } = await runHere(['events', 'list', '--run', 'other', '-o', 'plain', ...at]);
    expect(events).toBe('');
  });
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
