import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TidegateError } from '../core/errors.ts';
import { cacheFolder } from './cache-folder.ts';
import { Children } from './children.ts';
import { runCommand } from './command.ts';
import { canConnect, choosePort } from './ports.ts';
import { findOnPath, isExecutable } from './processes.ts';
import { type Attempt, downloadBySdk, whyFailed } from './sdk-download.ts';
import type { FindProgram } from './temporal-binary.ts';

const version = '1.38.0';
const program = 'temporal-test-server';

/** Path of Temporal's time-skipping test server (called as `PATH PORT`): cached, downloaded, or put together by Maven. */
export async function findTimeSkippingServer({ environment, progress }: FindProgram): Promise<string> {
  const cache = cacheFolder(environment);
  const home = join(cache, `${program}-${version}`);
  const path = join(home, 'bin', program);
  if (isExecutable(path)) return path;

  await mkdir(cache, { recursive: true });
  const aside = await mkdtemp(join(cache, '.partial-'));
  const tried: string[] = [];
  try {
    for (const [title, get] of [
      ['Downloading the time-skipping test server', download],
      ['Fetching the time-skipping test server with Maven', assemble],
    ] as const) {
      const outcome = await progress.step(title, () => get(aside, environment), whyFailed);
      if (outcome.kind === 'found') {
        // Whoever was faster made the same thing.
        await rename(aside, home).catch(() => undefined);
        if (get === assemble) await archiveClasses(home);
        return path;
      }
      tried.push(`${title}: ${outcome.why}`);
    }
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  throw new TidegateError(
    'invalid_environment',
    [
      'the time-skipping test server that some tests need could not be had. Tried:',
      ...tried.map((line) => `  - ${line}`),
      'Install Java 17 and Maven, or allow access to temporal.download, and run again.',
    ].join('\n'),
  );
}

async function download(folder: string): Promise<Attempt> {
  const downloads = join(folder, 'download');
  await mkdir(downloads, { recursive: true });
  const got = await downloadBySdk('time-skipping', downloads, 120_000);
  if (got.kind === 'failed') return got;
  await mkdir(join(folder, 'bin'), { recursive: true });
  await rename(got.path, join(folder, 'bin', program));
  await chmod(join(folder, 'bin', program), 0o755);
  return { kind: 'found', path: join(folder, 'bin', program) };
}

async function assemble(folder: string, environment: NodeJS.ProcessEnv): Promise<Attempt> {
  for (const needed of ['java', 'mvn']) {
    if (findOnPath(needed, environment['PATH']) === undefined)
      return { kind: 'failed', why: `${needed} is not installed` };
  }
  await writeFile(join(folder, 'pom.xml'), pom);
  const { output, problem } = await runCommand({
    command: 'mvn',
    args: ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'],
    cwd: folder,
    env: environment,
    timeoutMs: 10 * 60_000,
  });
  if (problem !== undefined) {
    return { kind: 'failed', why: output.split('\n').find((line) => line.startsWith('[ERROR]')) ?? problem };
  }
  await writeFile(join(folder, 'logging.properties'), 'handlers=\n.level=OFF\n');
  await mkdir(join(folder, 'bin'), { recursive: true });
  await writeFile(join(folder, 'bin', program), launcher, { mode: 0o755 });
  return { kind: 'found', path: join(folder, 'bin', program) };
}

/** Saves the JVM half a second a start; only a gain, so any failure is let pass. */
async function archiveClasses(home: string): Promise<void> {
  const children = new Children();
  const port = await choosePort({ kind: 'any' });
  const archive = join(home, 'tss.jsa');
  const server = children.start({
    name: program,
    command: 'java',
    // The same as in the launcher: an archive fits only the collector and class path it was made with.
    args: [
      ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-XX:ArchiveClassesAtExit=${archive}.partial`],
      ...['-cp', join(home, 'lib', '*'), 'io.temporal.testserver.TestServer', String(port)],
    ],
    logFile: join(home, 'archive.log'),
  });
  const deadline = Date.now() + 20_000;
  while (server.isRunning() && Date.now() < deadline && !(await canConnect('127.0.0.1', port, 500)))
    await sleep(50);
  await server.stop(30_000);
  await rename(`${archive}.partial`, archive).catch(() => undefined);
}

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidegate</groupId><artifactId>time-skipping</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>${program}</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`;

// `exec`, because the SDK kills the pid it started; setpriv, so that a killed test run leaves no JVM behind.
const launcher = `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
run=""; command -v setpriv >/dev/null 2>&1 && run="setpriv --pdeathsig KILL"
cds=""; [ -f "$here/tss.jsa" ] && cds="-XX:SharedArchiveFile=$here/tss.jsa"
exec $run java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto $cds -Xmx256m \\
  -Djava.util.logging.config.file="$here/logging.properties" \\
  -cp "$here/lib/*" io.temporal.testserver.TestServer "$@" 2>"\${TSS_LOG:-/dev/null}"
`;
