import { ModuleMocker } from 'jest-mock';

/** Kept under this name by Jest's runner, which would otherwise hear the suites before, too. */
const handlers = Symbol.for('EVENT_HANDLERS');

/**
 * Suites run in the realm of their process, one after the other, so that what they import is loaded and compiled once a
 * process instead of once a suite. What a suite changes of the process is put back.
 */
export default class ProcessEnvironment {
  global = globalThis;
  /** Nothing is mocked here, but Jest ends each suite by undoing what was. */
  moduleMocker = new ModuleMocker(globalThis);
  #before = {
    console: globalThis.console,
    env: { ...process.env },
    exit: process.exit.bind(process),
    exitCode: process.exitCode,
  };

  getVmContext() {
    return null;
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  async setup() {
    // Jest's own, set just before, knows nothing of the source maps of what Node loaded.
    Reflect.deleteProperty(Error, 'prepareStackTrace');
  }

  async teardown() {
    const { console, env, exit, exitCode } = this.#before;
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    Object.assign(globalThis, { console });
    process.exit = exit;
    process.exitCode = exitCode;
    Reflect.deleteProperty(globalThis, handlers);
  }
}
