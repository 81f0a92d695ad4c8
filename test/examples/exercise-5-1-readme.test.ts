import { readPage } from '../docs/markdown.ts';
import { type RunningProject, startExamples } from '../support/running-project.ts';
import { follow } from './readme-session.ts';

describe('exercise 5.1 on servers', () => {
  let examples: RunningProject;
  beforeAll(async () => {
    examples = await startExamples();
  });
  afterAll(() => examples.stop());

  it('shows what its README says', async () => {
    expect(await follow(await readPage('examples/exercise_5_1/README.md'), examples)).toBeGreaterThan(9);
  });
});
