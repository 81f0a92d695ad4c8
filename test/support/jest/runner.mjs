// Here and not by `--import`: the threads in which workflows run would load it, too.
import 'tsx';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const { default: circus } = require('jest-circus/runner');

/**
 * Jest's own test runner, whose modules Node loads: Jest would load every one of them anew for every suite, which took
 * longer than most suites do.
 */
export default function runSuite(globalConfig, config, environment, runtime, ...more) {
  runtime.requireInternalModule = (path) => {
    // It holds the tests of a suite.
    Reflect.deleteProperty(require.cache, path);
    return require(path);
  };
  runtime.unstable_shouldLoadAsEsm = () => true;
  runtime.unstable_importModule = (path) => import(pathToFileURL(path).href);
  return circus(globalConfig, config, environment, runtime, ...more);
}
