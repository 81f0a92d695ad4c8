#!/usr/bin/env node
/**
 * The `tidegate` command, from whichever folder it is called in. JavaScript, and no
 * syntax newer than the oldest Node we can name in an error.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 6)) {
  fail(
    `Tidegate needs Node 20.6 or newer, this is ${process.versions.node}: install it from https://nodejs.org`,
  );
}

try {
  await import('picocolors');
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  fail('the dependencies of Tidegate are not installed: run `npm ci` in its folder');
}
const { runProgram } = await import('./run.mjs');
await runProgram('cli/main.ts', process.argv.slice(2));

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
