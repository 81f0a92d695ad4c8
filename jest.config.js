/** Node loads what suites import, as in production: TypeScript through tsx, with which Jest is started. */
export default {
  testEnvironment: '<rootDir>/test/support/jest/environment.ts',
  testRunner: '<rootDir>/test/support/jest/runner.ts',
  transform: {},
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Not a measure of anything: longer than any test takes on a busy machine. A test with its own patience says what it waited for.
  testTimeout: 240_000,
  maxWorkers: 2,
};
