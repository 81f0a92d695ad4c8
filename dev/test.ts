import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TidegateError } from '../core/errors.ts';
import { Children } from './children.ts';
import { startPostgres } from './embedded-postgres.ts';
import { endOnSignals } from './end-signals.ts';
import { closingLine, type JestReport, outcomeOf } from './jest-outcome.ts';
import { createProgress } from './progress.ts';
import { findTemporalBinary } from './temporal-binary.ts';
import { startTemporalServer } from './temporal-server.ts';
import { findTimeSkippingServer } from './time-skipping.ts';

// `npm test [-- jest arguments]`: one Postgres and one Temporal for the whole run, then Jest against them.

/** Lower than the default 4,096 events, so that tests reach continue-as-new. */
const historyLimits = { 'limit.historyCount.suggestContinueAsNew': 500 };

const children = new Children((child, how) => {
  process.stderr.write(`${child.name} ended unexpectedly (${how}):\n${child.log().slice(-2_000)}\n`);
});
const folder = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
// Postgres may run as another user, who has to pass through.
await chmod(folder, 0o711);

let jest: ReturnType<typeof spawn> | undefined;
const cleanUp = async (): Promise<void> => {
  jest?.kill('SIGTERM');
  await children.stop();
  await rm(folder, { recursive: true, force: true });
};
endOnSignals(cleanUp);

process.exitCode = await testAll();

async function testAll(): Promise<number> {
  try {
    return await runJest(await prepare());
  } catch (error) {
    const message =
      error instanceof TidegateError ? error.message : String(error instanceof Error ? error.stack : error);
    process.stderr.write(`${message}\n`);
    process.stdout.write(`${closingLine({ passed: 0, failed: 1 })}\n`);
    return 1;
  } finally {
    await cleanUp();
  }
}

/** Starts what the tests share; returns the variables that lead them there. */
async function prepare(): Promise<Readonly<Record<string, string>>> {
  const environment = process.env;
  const progress = createProgress(process.stdout);
  const binary = await findTemporalBinary({ environment, progress });
  const timeSkipping = await findTimeSkippingServer({ environment, progress });
  const any = { kind: 'any' } as const;
  const postgres = await progress.step('Starting Postgres', () =>
    startPostgres({
      folder: join(folder, 'postgres'),
      logFile: join(folder, 'postgres.log'),
      port: any,
      children,
      // Thrown away at the end, so nothing here has to survive a power cut. Crash tests start servers of their own.
      fsync: false,
    }),
  );
  const temporal = await progress.step('Starting Temporal', () =>
    startTemporalServer({
      binary,
      port: any,
      namespace: 'default',
      logFile: join(folder, 'temporal.log'),
      children,
      dynamicConfig: historyLimits,
    }),
  );
  return {
    // What an interrupted test leaves behind goes with the folder of the run.
    TMPDIR: folder,
    TIDEGATE_TEST_POSTGRES_URL: postgres.url,
    TIDEGATE_TEST_TEMPORAL_ADDRESS: temporal.address,
    TIDEGATE_TEST_TEMPORAL_CLI: binary,
    TIDEGATE_TEST_TIME_SKIPPING_SERVER: timeSkipping,
  };
}

async function runJest(servers: Readonly<Record<string, string>>): Promise<number> {
  const reportFile = join(folder, 'report.json');
  const script = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));
  const started = spawn(
    process.execPath,
    [script, '--json', `--outputFile=${reportFile}`, ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, ...servers } },
  );
  jest = started;
  const status = await new Promise<number>((settle) => {
    started.once('error', () => settle(1));
    started.once('exit', (code) => settle(code ?? 1));
  });
  const report: JestReport | undefined =
    JSON.parse(await readFile(reportFile, 'utf8').catch(() => 'null')) ?? undefined;
  const outcome = outcomeOf(report, status);
  process.stdout.write(`${closingLine(outcome)}\n`);
  return outcome.failed > 0 || outcome.passed === 0 ? 1 : 0;
}
