import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);

/** What Jest hands its test runner to load modules with. */
interface Loading {
  requireInternalModule(path: string): unknown;
  unstable_importModule(path: string): Promise<unknown>;
  unstable_shouldLoadAsEsm(path: string): boolean;
}
type TestRunner = (
  globalConfig: unknown,
  config: unknown,
  environment: unknown,
  runtime: Loading,
  ...more: readonly unknown[]
) => Promise<unknown>;

const { default: circus }: { readonly default: TestRunner } = require('jest-circus/runner');

/**
 * Jest's own test runner, whose modules Node loads: Jest would load every one of them anew for every suite, which took
 * longer than most suites do.
 */
const runSuite: TestRunner = (globalConfig, config, environment, runtime, ...more) => {
  runtime.requireInternalModule = (path) => {
    // It holds the tests of a suite.
    Reflect.deleteProperty(require.cache, path);
    return require(path);
  };
  runtime.unstable_shouldLoadAsEsm = () => true;
  runtime.unstable_importModule = (path) => import(pathToFileURL(path).href);
  return circus(globalConfig, config, environment, runtime, ...more);
};

export default runSuite;
