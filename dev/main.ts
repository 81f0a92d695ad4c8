import { TidegateError } from '../core/errors.ts';
import { createApi } from '../cli/api-client.ts';
import { CommandFailure } from '../cli/command-failure.ts';
import { stackFolder } from '../cli/running-stack.ts';
import { Children } from './children.ts';
import { colorsOf } from '../cli/colors.ts';
import { dataFolder } from './data-folder.ts';
import { endOnSignals } from './end-signals.ts';
import { hasExercise, runExercise } from './exercise.ts';
import { exerciseText } from './exercise-text.ts';
import { parseOptions, type StartOptions, usage } from './options.ts';
import { createProgress } from './progress.ts';
import { findProjectFolder } from './project-folder.ts';
import { startStack } from './stack.ts';
import { placesText, projectText } from './start-text.ts';
import { startTidegate, type Tidegate } from './tidegate.ts';
import { reasonIn } from './tidegate-process.ts';
import { sourcesIn, watchSources } from './watch-sources.ts';

// `npm start`: servers, Tidegate and the exercise, until Ctrl-C.

const options = parseOptions(process.argv.slice(2));
if (options.kind === 'unknown') {
  process.stderr.write(`unknown option ${options.option}\n${usage}\n`);
  process.exit(2);
}
if (options.kind === 'help') {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}

const colors = colorsOf(process.stdout, process.env);
const progress = createProgress(process.stdout);
const folder = dataFolder(process.env['TIDEGATE_DATA'] || stackFolder);
const children = new Children((child, how) => {
  process.stderr.write(
    `\n${child.name} ended unexpectedly: ${reasonIn(child.log(), how)}\nIts log is ${folder.logs}/${child.name}.log\n`,
  );
  void end(1);
});
let stop = (): Promise<void> => children.stop();
let isEnding = false;
endOnSignals(() => {
  isEnding = true;
  return stop();
});

async function end(status: number): Promise<void> {
  isEnding = true;
  await stop().catch(() => undefined);
  process.exit(status);
}

try {
  await start(options);
} catch (error) {
  // Ctrl-C during the start fails the step under way; that is no news.
  if (isEnding) await new Promise(() => undefined);
  const isExpected = error instanceof TidegateError || error instanceof CommandFailure;
  process.stderr.write(
    `${isExpected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
  );
  await end(error instanceof TidegateError && error.code === 'invalid_environment' ? 2 : 1);
}

async function start({ fresh, once }: Extract<StartOptions, { kind: 'start' }>): Promise<void> {
  const environment = process.env;
  const projectFolder = findProjectFolder(environment, process.cwd());
  const stack = await startStack({ environment, folder, fresh, progress, children });
  stop = () => stack.stop();
  const loaded = await sourcesIn(projectFolder);
  const tidegate = await progress.step(
    'Starting API and worker',
    () => startTidegate({ environment, stack, folder, projectFolder, children }),
    (started) => (started.kind === 'failed' ? 'failed' : undefined),
  );
  if (tidegate.kind === 'failed') throw new TidegateError('invalid_definition', tidegate.reason);
  const stopAll = async (): Promise<void> => {
    await tidegate.stop();
    await stack.stop();
  };
  stop = stopAll;
  const ownDatabase = Boolean(environment['DATABASE_URL']);
  progress.say(projectText(tidegate.project, colors));
  progress.say(
    `\n${placesText({ apiUrl: tidegate.apiUrl, stack, ownDatabase, projectFolder, folder }, colors)}`,
  );

  const problem = await exercise(tidegate);
  if (problem !== undefined) process.stderr.write(`\n${colors.red('✘')} ${problem}\n`);
  if (once) return end(problem === undefined ? 0 : 1);
  progress.say(`\nUp. Files of the project are reloaded when they change. Ctrl-C ends all of it.`);
  const stopWatching = watchSources({
    folder: projectFolder,
    loaded,
    onChange: (files) => reload(tidegate, files),
  });
  stop = async () => {
    stopWatching();
    await stopAll();
  };
}

async function exercise({ apiUrl }: Tidegate): Promise<string | undefined> {
  const api = createApi(apiUrl);
  if (!(await hasExercise(api))) return undefined;
  progress.say(`\n${colors.bold('Exercise 5.1')}: a producer's success starts its consumer`);
  return runExercise(api, exerciseText(colors), (line) => progress.say(line));
}

async function reload(tidegate: Tidegate, files: readonly string[]): Promise<void> {
  const shown =
    files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ');
  const outcome = await progress.step(
    `Reloading: ${shown} changed`,
    () => tidegate.reload(),
    (reloaded) => (typeof reloaded === 'string' ? 'no worker until the next change' : undefined),
  );
  if (isEnding) return;
  progress.say(typeof outcome === 'string' ? `  ${colors.red(outcome)}` : projectText(outcome, colors));
}
