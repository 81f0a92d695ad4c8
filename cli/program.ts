import { Command, Option } from 'commander';
import { createApi } from './api-client.ts';
import { findApiUrl } from './api-url.ts';
import { CommandFailure } from './command-failure.ts';
import { addAssetCommands } from './commands/assets.ts';
import { addDagCommands } from './commands/dags.ts';
import { addEventCommands } from './commands/events.ts';
import { addHealthCommands } from './commands/health.ts';
import { addPoolCommands } from './commands/pools.ts';
import { addRunCommands } from './commands/runs.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { addTaskCommands } from './commands/tasks.ts';
import { exitStatus } from './exit-status.ts';
import { type Format, formats, render } from './render.ts';
import type { AddCommands, Run, Session, Surroundings } from './session.ts';
import type { Terminal } from './terminal.ts';

export interface ProgramOptions extends Surroundings {
  readonly terminal: Terminal;
  readonly version: string;
  /** Adds the commands that run on this machine. */
  readonly addLocalCommands: AddCommands;
}

const epilogue = `
Exit status: 0 done; 1 understood, but it failed, is not there, or the answer is no; 2 usage, input or
environment must be changed; 3 a server does not answer. Failures are one line on standard error.

The API is looked for at --api-url, TIDEGATE_API_URL, the stack of \`npm start\` running in this folder or
above it, and http://127.0.0.1:8080. Commands on this machine use the servers of that stack, too, unless
DATABASE_URL or TEMPORAL_ADDRESS name others.`;

/** Every command of `tidegate`; it throws what a command fails with. */
export function createProgram(options: ProgramOptions): Command {
  const { terminal, version, addLocalCommands } = options;
  const program = new Command('tidegate')
    .description('Data-aware orchestration on Temporal')
    .version(version)
    .addOption(new Option('--api-url <url>', 'address of the API').helpGroup('Options of every command:'))
    .addOption(
      new Option('-o, --output <format>', 'for people, for scripts, or one row a line with tabs')
        .choices(formats)
        .default('table')
        .helpGroup('Options of every command:'),
    )
    .addHelpText('after', epilogue)
    .configureHelp({ showGlobalOptions: true })
    // Whoever runs the program says a failure, once.
    .configureOutput({
      writeOut: (text) => terminal.write(text),
      writeErr: (text) => terminal.note(text.trimEnd()),
      outputError: () => undefined,
    })
    .exitOverride();

  const run: Run = async (command) => {
    const session = openSession(options, program);
    const report = await command(session);
    terminal.write(render(report, session.format, terminal));
    if (report.note !== undefined) terminal.note(report.note);
    if (report.failure !== undefined) throw new CommandFailure(exitStatus.failed, report.failure);
  };
  program.commandsGroup('Through the API:');
  const groups = [addDagCommands, addTaskCommands, addRunCommands, addPoolCommands];
  for (const add of [...groups, addAssetCommands, addEventCommands]) add(program, run);
  addHealthCommands(program, run);
  program.commandsGroup('On this machine:');
  addSimulateCommand(program, run);
  addLocalCommands(program, run);
  return program;
}

/** The address is looked for only by commands that ask the API. */
function openSession({ terminal, environment, folder, version }: ProgramOptions, program: Command): Session {
  return {
    terminal,
    format: program.opts<{ readonly output: Format }>().output,
    surroundings: { environment, folder },
    version,
    get api() {
      const { apiUrl } = program.opts<{ readonly apiUrl?: string }>();
      return createApi(findApiUrl({ option: apiUrl, environment, folder }));
    },
  };
}
