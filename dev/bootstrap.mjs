/**
 * Runs a TypeScript entry of this repository on a machine that has only Node: installs the dependencies when they
 * are missing or older than package-lock.json, then starts `node cli/run.mjs <entry> ...`. No packages here, and
 * no syntax newer than the oldest Node we can name in an error.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'node_modules', '.tidegate-installed');

requireNode(20, 6);
await installDependencies();
if (process.argv.length > 2) runEntry(process.argv[2], process.argv.slice(3));

function requireNode(major, minor) {
  const [haveMajor = 0, haveMinor = 0] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  fail(
    `Tidegate needs Node ${major}.${minor} or newer, this is ${process.versions.node}: install it from https://nodejs.org`,
  );
}

async function installDependencies() {
  const lock = readText(join(root, 'package-lock.json'));
  if (lock === undefined) fail('package-lock.json is missing: this is not a complete checkout of Tidegate');
  const hash = createHash('sha256').update(lock).digest('hex');
  if (readText(stampFile) === hash) return;
  if (!matchesInstalled(JSON.parse(lock))) await npmCi();
  writeFileSync(stampFile, hash);
}

/** Whether npm's own record of what it installed agrees with the lock file: then an `npm install` by hand is as good. */
function matchesInstalled(lock) {
  const record = readText(join(root, 'node_modules', '.package-lock.json'));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

async function npmCi() {
  // npm names its own script to what it runs; started without npm, the one on PATH is used.
  const npmScript = process.env['npm_execpath'];
  const [command, first] = npmScript?.endsWith('npm-cli.js') ? [process.execPath, [npmScript]] : ['npm', []];
  // The development packages are part of the two commands, whatever NODE_ENV says.
  const child = spawn(command, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'], { cwd: root });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const stopProgress = showProgress('Installing dependencies (npm ci)');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => child.kill(signal));
  const outcome = await new Promise((settle) => {
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, signal) => settle(code === 0 ? undefined : `exit ${code ?? signal}`));
  });
  stopProgress(outcome === undefined);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal);
  if (outcome === undefined) return;
  const lines = Buffer.concat(output).toString().trimEnd().split('\n');
  // npm names the reason first and ends with its usage text.
  const errors = lines.filter((line) => /^npm error \S/.test(line)).slice(0, 12);
  const tail = (errors.length > 0 ? errors : lines.slice(-15)).join('\n');
  fail(`npm ci failed (${outcome})${tail === '' ? '' : `:\n${tail}`}`);
}

/** One line that counts seconds on a terminal; elsewhere a plain line now and then. */
function showProgress(title) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  const draw = process.stdout.isTTY
    ? () => process.stdout.write(`\r\u001B[K${title} … ${seconds()} s`)
    : () => process.stdout.write(`${title} … ${seconds()} s\n`);
  draw();
  const timer = setInterval(draw, process.stdout.isTTY ? 1000 : 15_000);
  return (ok) => {
    clearInterval(timer);
    process.stdout.write(
      `${process.stdout.isTTY ? '\r\u001B[K' : ''}${title}: ${ok ? 'done' : 'failed'} after ${seconds()} s\n`,
    );
  };
}

function runEntry(entry, args) {
  // The channel carries nothing: its end tells the child that this process is gone, even by SIGKILL.
  const child = spawn(process.execPath, [join(root, 'cli', 'run.mjs'), entry, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => fail(`cannot start ${entry}: ${error.message}`));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
