import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TidegateError } from '../core/errors.ts';
import { cacheFolder } from './cache-folder.ts';
import { runCommand } from './command.ts';
import { findOnPath, isExecutable } from './processes.ts';
import type { Progress } from './progress.ts';
import { type Attempt, downloadBySdk, whyFailed } from './sdk-download.ts';

/** Newest version that `go install` accepts: later ones replace modules in their go.mod. */
const goPackage = 'github.com/temporalio/cli/cmd/temporal@v1.5.1';
const downloadTimeoutMs = 180_000;
const buildTimeoutMs = 15 * 60_000;

export interface FindProgram {
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
}

/** Path of a `temporal` CLI that runs: named, installed, cached, downloaded or built, the first that works. */
export async function findTemporalBinary({ environment, progress }: FindProgram): Promise<string> {
  const named = environment['TEMPORAL_CLI_PATH'];
  if (named !== undefined && named !== '') {
    const attempt = await check(named);
    if (attempt.kind === 'found') return named;
    throw new TidegateError('invalid_environment', `TEMPORAL_CLI_PATH is ${named}: ${attempt.why}`);
  }

  const bin = join(cacheFolder(environment), 'bin');
  const cached = join(bin, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
  const ways: readonly (readonly [string, () => Promise<Attempt>])[] = [
    ['temporal on PATH', () => checkOnPath(environment)],
    [`cached ${cached}`, () => check(cached)],
    [
      'download by the Temporal SDK',
      () =>
        progress.step('Downloading the Temporal dev server', () => obtain(bin, cached, download), whyFailed),
    ],
    [
      `go install ${goPackage}`,
      async () => {
        const go = findOnPath('go', environment['PATH']);
        if (go === undefined) return { kind: 'failed', why: 'Go is not installed' };
        return progress.step(
          'Building the Temporal dev server with Go (2 to 3 minutes, once)',
          () => obtain(bin, cached, (into) => build(go, into, environment)),
          whyFailed,
        );
      },
    ],
  ];

  const tried: string[] = ['TEMPORAL_CLI_PATH: not set'];
  for (const [way, attempt] of ways) {
    const outcome = await attempt();
    if (outcome.kind === 'found') return outcome.path;
    tried.push(`${way}: ${outcome.why}`);
  }
  throw new TidegateError(
    'invalid_environment',
    [
      'no Temporal server could be had. Tried:',
      ...tried.map((line) => `  - ${line}`),
      'Install the Temporal CLI (https://docs.temporal.io/cli/setup-cli, or `brew install temporal`) so that `temporal` is on PATH,',
      'or install Go (https://go.dev/dl) and start again, or set TEMPORAL_ADDRESS to a Temporal service that runs already.',
    ].join('\n'),
  );
}

async function checkOnPath(environment: NodeJS.ProcessEnv): Promise<Attempt> {
  const path = findOnPath('temporal', environment['PATH']);
  return path === undefined ? { kind: 'failed', why: 'not there' } : check(path);
}

async function check(path: string): Promise<Attempt> {
  if (!isExecutable(path)) return { kind: 'failed', why: 'no such program' };
  const { output, problem } = await runCommand({ command: path, args: ['--version'], timeoutMs: 20_000 });
  if (problem !== undefined) return { kind: 'failed', why: `does not run: ${problem}` };
  return /temporal version/i.test(output)
    ? { kind: 'found', path }
    : { kind: 'failed', why: 'is not the Temporal CLI' };
}

/** Gets a program in a folder aside and moves it into the cache once it has run: an interrupted attempt leaves nothing there. */
async function obtain(
  bin: string,
  target: string,
  get: (folder: string) => Promise<Attempt>,
): Promise<Attempt> {
  await mkdir(bin, { recursive: true });
  const aside = await mkdtemp(join(bin, '.partial-'));
  try {
    const got = await get(aside);
    if (got.kind === 'failed') return got;
    await chmod(got.path, 0o755);
    const checked = await check(got.path);
    if (checked.kind === 'failed') return checked;
    await rename(got.path, target);
    return { kind: 'found', path: target };
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function download(folder: string): Promise<Attempt> {
  return downloadBySdk('dev-server', folder, downloadTimeoutMs);
}

async function build(go: string, folder: string, environment: NodeJS.ProcessEnv): Promise<Attempt> {
  const { problem } = await runCommand({
    command: go,
    args: ['install', '-trimpath', '-ldflags=-s -w', goPackage],
    env: { ...environment, GOBIN: folder, CGO_ENABLED: '0' },
    timeoutMs: buildTimeoutMs,
  });
  return problem === undefined
    ? { kind: 'found', path: join(folder, 'temporal') }
    : { kind: 'failed', why: problem };
}
