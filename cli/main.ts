import type { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { runCommandLine } from './command-line.ts';
import { reportChecked, reportDeployed } from './project-report.ts';
import type { PruneOptions } from './commands/db.ts';
import { requireProjectVariables } from './project-variables.ts';
import type { Report } from './report.ts';
import type { Run, Session } from './session.ts';
import { processTerminal } from './terminal.ts';

// The command line. Commands that run on this machine bring much with them, so each is imported when it is called.

// Whoever reads may have enough before all is written, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

const terminal = processTerminal(process);
process.exitCode = await runCommandLine(process.argv.slice(2), {
  ...{ terminal, environment: process.env, folder: process.cwd(), version: packageJson.version },
  addLocalCommands,
});

function addLocalCommands(program: Command, run: Run): void {
  const projectFolder = process.env['TIDEGATE_PROJECT'] || '.';
  program
    .command('dev')
    .description('run Postgres, Temporal, the API and a worker here, as `npm start` does')
    .argument('[options...]', 'those of `npm start`, such as --fresh and --once')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (options: readonly string[]) => {
      process.argv = [...process.argv.slice(0, 2), ...options];
      await import('../dev/main.ts');
    });
  program
    .command('api')
    .description('run the HTTP API')
    .action(async () => void (await import('../api/main.ts')));
  program
    .command('worker')
    .description('run a worker of the project in TIDEGATE_PROJECT, or this folder')
    .action(async () => void (await import('../worker/main.ts')));
  program
    .command('check [folder]')
    .description('compile a project without deploying it')
    .option('--replay <folder>', 'also replay the recorded histories in it with this version')
    .action((folder: string | undefined, { replay }: { readonly replay?: string }) =>
      run(() => check(folder ?? projectFolder, replay)),
    );
  program
    .command('deploy [folder]')
    .description('put a project in force')
    .action((folder: string = projectFolder) => run((session) => deploy(folder, session)));
  const db = program.command('db').description('the database of a project');
  db.command('migrate')
    .description('create the schema of a project, or bring it up to date')
    .action(() => run(async (session) => (await import('./commands/db.ts')).migrateDatabase(session)));
  db.command('prune')
    .description(
      'delete what is past its age; without ages, by the retention that the project was deployed with',
    )
    .option('--older-than <age>', 'age of all that no other option names, such as 90d')
    .option('--runs-older-than <age>', 'runs with their tasks and results, from their end')
    .option('--logs-older-than <age>', 'logs of tasks, from the end of their run')
    .option('--events-older-than <age>', 'asset events, and what became of them')
    .option('--steps-older-than <age>', 'steps of consumers')
    .option('--dry-run', 'only say what would go, by table')
    .action((options: PruneOptions) =>
      run(async (session) => (await import('./commands/db.ts')).pruneDatabase(session, options)),
    );
  program
    .command('replay <source>')
    .description('say whether a workflow (its id, or its history as a .json file) replays with this version')
    .action((source: string) =>
      run(async (session) => (await import('./commands/replay.ts')).replay(source, session)),
    );
  program
    .command('doctor')
    .description('check everything a project stands on, with a remedy for what is wrong')
    .action(() => run(async (session) => (await import('./commands/doctor.ts')).examine(session)));
}

async function check(folder: string, histories: string | undefined): Promise<Report> {
  const { loadProject } = await import('../worker/project.ts');
  const project = await loadProject(folder);
  if (histories === undefined) return reportChecked(project);
  const { replayAll } = await import('./commands/replay.ts');
  return reportChecked(project, await replayAll(histories));
}

async function deploy(folder: string, { surroundings }: Session): Promise<Report> {
  const [{ loadProject }, { parseEnvironment }, { openDeps }, temporal] = await Promise.all([
    import('../worker/project.ts'),
    import('../temporal/environment.ts'),
    import('../temporal/open-deps.ts'),
    import('../temporal/deploy.ts'),
  ]);
  const environment = parseEnvironment(requireProjectVariables(surroundings).variables);
  const project = await loadProject(folder);
  const say = (message: string, fields: object = {}): void =>
    terminal.note(`${message} ${JSON.stringify(fields)}`);
  const log = { debug: () => undefined, info: () => undefined, warn: say, error: say };
  const deps = await openDeps({ environment, applicationName: 'tidegate-deploy', log });
  try {
    const deployed = await temporal.deploy(deps, project.plan);
    // Consumers hear of it from a worker's sweep too, yet sooner from here.
    await deps.dispatcher.idle();
    return reportDeployed(project, deployed);
  } finally {
    await deps.close();
  }
}
