import fc from 'fast-check';
import { fitLeastSquares, predict } from '../../examples/ml_pipeline/least-squares.ts';
import { readPage } from '../docs/markdown.ts';
import { type RunningProject, startExamples } from '../support/running-project.ts';
import { follow } from './readme-session.ts';

describe('the machine-learning pipeline', () => {
  let examples: RunningProject;
  beforeAll(async () => {
    examples = await startExamples();
  });
  afterAll(() => examples.stop());

  it('shows what its README says', async () => {
    expect(await follow(await readPage('examples/ml_pipeline/README.md'), examples)).toBeGreaterThan(10);
  });
});

describe('least squares', () => {
  const anyNumber = fc.integer({ min: -50, max: 50 });

  it('finds the weights that made the targets', () => {
    fc.assert(
      fc.property(
        fc.tuple(anyNumber, anyNumber, anyNumber),
        fc.array(fc.tuple(anyNumber, anyNumber), { minLength: 1, maxLength: 20 }),
        (weights, points) => {
          // Beside any points those that tell the three weights apart.
          const rows = [[0, 0], [1, 0], [0, 1], ...points].map((point) => [1, ...point]);
          const fitted = fitLeastSquares(
            rows,
            rows.map((row) => predict(weights, row)),
          );
          for (const [index, weight] of weights.entries()) expect(fitted[index]).toBeCloseTo(weight, 2);
        },
      ),
    );
  });

  it('takes the mean where there is nothing else to tell rows apart', () => {
    expect(fitLeastSquares([[1], [1], [1]], [1, 2, 6])[0]).toBeCloseTo(3, 4);
  });

  it('refuses rows of different lengths, and none', () => {
    expect(() => fitLeastSquares([[1], [1, 2]], [1, 2])).toThrow('row 1 has 2 features, not 1');
    expect(() => fitLeastSquares([], [])).toThrow('give as many targets as rows');
  });
});
