import { closingLine, outcomeOf } from '../../dev/jest-outcome.ts';

describe('the closing line of a test run', () => {
  it('counts files that could not run as failures', () => {
    const report = { numPassedTests: 7, numFailedTests: 1, numRuntimeErrorTestSuites: 2 };
    expect(closingLine(outcomeOf(report, 1))).toBe('7 passed, 3 failed');
  });

  it('has a failure when Jest ended badly without naming one', () => {
    expect(closingLine(outcomeOf(undefined, 1))).toBe('0 passed, 1 failed');
  });

  it('has none when all is well', () => {
    const report = { numPassedTests: 7, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
    expect(closingLine(outcomeOf(report, 0))).toBe('7 passed, 0 failed');
  });
});
