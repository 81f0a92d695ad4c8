import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TidegateError } from '../core/errors.ts';
import { cacheFolder } from './cache-folder.ts';
import { runCommand } from './command.ts';
import { findOnPath, isExecutable } from './processes.ts';
import type { FindProgram } from './temporal-binary.ts';

const goPackage = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const buildTimeoutMs = 15 * 60_000;

/** Path of a server that speaks S3 and keeps its objects in a folder, for tests: on PATH, cached, or built, the first that works. */
export async function findS3Gateway({ environment, progress }: FindProgram): Promise<string> {
  const onPath = findOnPath('versitygw', environment['PATH']);
  if (onPath !== undefined) return onPath;
  const bin = join(cacheFolder(environment), 'bin');
  const cached = join(bin, process.platform === 'win32' ? 'versitygw.exe' : 'versitygw');
  if (isExecutable(cached)) return cached;
  const go = findOnPath('go', environment['PATH']);
  if (go === undefined) {
    throw new TidegateError(
      'invalid_environment',
      'no S3 server could be had: install Go (https://go.dev/dl), which builds one, or versitygw (https://github.com/versity/versitygw) so that it is on PATH',
    );
  }
  return progress.step('Building an S3 server with Go (2 to 4 minutes, once)', () =>
    build(go, bin, cached, environment),
  );
}

/** In a folder aside, and moved into the cache once it has run: an interrupted build leaves nothing there. */
async function build(
  go: string,
  bin: string,
  target: string,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  await mkdir(bin, { recursive: true });
  const aside = await mkdtemp(join(bin, '.partial-'));
  try {
    const args = ['install', '-trimpath', '-ldflags=-s -w', goPackage];
    const env = { ...environment, GOBIN: aside, CGO_ENABLED: '0' };
    await succeeds({ command: go, args, env, timeoutMs: buildTimeoutMs });
    const built = join(aside, 'versitygw');
    await chmod(built, 0o755);
    await succeeds({ command: built, args: ['--version'], timeoutMs: 20_000 });
    await rename(built, target);
    return target;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function succeeds(options: Parameters<typeof runCommand>[0]): Promise<void> {
  const { problem } = await runCommand(options);
  if (problem === undefined) return;
  throw new TidegateError(
    'invalid_environment',
    `an S3 server could not be built with Go: ${problem}; install versitygw (https://github.com/versity/versitygw) so that it is on PATH`,
  );
}
