#!/usr/bin/env node
/**
 * The `tidegate` command: runs this package's TypeScript as it is, from whichever folder it is called in. JavaScript, and no
 * syntax newer than the oldest Node we can name in an error.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 3)) {
  fail(
    `Tidegate needs Node 20.3 or newer, this is ${process.versions.node}: install it from https://nodejs.org`,
  );
}

try {
  // Packages first: once TypeScript is understood, loading a JavaScript file costs several times as much.
  await Promise.all([import('commander'), import('picocolors'), import('zod')]);
  await import('tsx');
} catch (error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  fail('the dependencies of Tidegate are not installed: run `npm ci` in its folder');
}
await import('./main.ts');

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
