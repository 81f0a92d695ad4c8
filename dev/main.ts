import { TidegateError } from '../core/errors.ts';
import { Children } from './children.ts';
import { dataFolder } from './data-folder.ts';
import { endOnSignals } from './end-signals.ts';
import { createProgress } from './progress.ts';
import { startStack } from './stack.ts';

const usage = `npm start [-- options]: Postgres, Temporal and Tidegate on this machine
  --fresh   empty the data folder (.tidegate, or TIDEGATE_DATA) first
  --help    this text`;

const known = ['--fresh', '--help'];
const unknown = process.argv.slice(2).find((argument) => !known.includes(argument));
if (unknown !== undefined) {
  process.stderr.write(`unknown option ${unknown}\n${usage}\n`);
  process.exit(2);
}
if (process.argv.includes('--help')) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

const progress = createProgress(process.stdout);
const children = new Children((child, how) => {
  process.stderr.write(`${child.name} ended unexpectedly (${how}); its log is in ${folder.logs}\n`);
  void end(1);
});
const folder = dataFolder(process.env['TIDEGATE_DATA'] || '.tidegate');
let stop = (): Promise<void> => children.stop();
let stopped = false;
endOnSignals(() => {
  stopped = true;
  return stop();
});

async function end(status: number): Promise<void> {
  await stop().catch(() => undefined);
  process.exit(status);
}

try {
  const fresh = process.argv.includes('--fresh');
  const stack = await startStack({ environment: process.env, folder, fresh, progress, children });
  stop = () => stack.stop();
  progress.say(`
  Temporal Web UI  ${stack.temporalUiUrl ?? 'unknown: set TEMPORAL_UI_URL'}
  Temporal         ${stack.temporalAddress}, namespace ${stack.temporalNamespace}
  Postgres         ${process.env['DATABASE_URL'] ? 'the one of DATABASE_URL' : stack.databaseUrl}
  Data and logs    ${folder.path}

Ctrl-C ends all of it.`);
  // Keeps this process up also when both servers are the user's own.
  setInterval(() => undefined, 1 << 30);
} catch (error) {
  // Ctrl-C during the start fails the step under way; that is no news.
  if (stopped) await new Promise(() => undefined);
  const isExpected = error instanceof TidegateError;
  process.stderr.write(
    `${isExpected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  await end(isExpected && error.code === 'invalid_environment' ? 2 : 1);
}
