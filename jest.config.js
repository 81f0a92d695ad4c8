/** Node loads what suites import, TypeScript through tsx. */
export default {
  testEnvironment: '<rootDir>/test/support/jest/environment.mjs',
  testRunner: '<rootDir>/test/support/jest/runner.mjs',
  transform: {},
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Not a measure of anything: longer than any test takes on a busy machine. A test with its own patience says what it waited for.
  testTimeout: 240_000,
  maxWorkers: 2,
};
