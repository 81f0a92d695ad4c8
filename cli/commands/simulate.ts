import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { TidegateError } from '../../core/errors.ts';
import { parseScenario } from '../../core/parse-scenario.ts';
import type { Scenario } from '../../core/scenario.ts';
import { simulate } from '../../core/simulate.ts';
import { invalid } from '../command-failure.ts';
import type { Report } from '../report.ts';
import type { Run, Session } from '../session.ts';
import { backtest, type BacktestOptions } from '../backtest.ts';
import { sectionsOf, toSimulated } from '../simulation-report.ts';

/** `tidegate simulate …` */
export function addSimulateCommand(program: Command, run: Run): void {
  program
    .command('simulate [scenario]')
    .description('say which runs a schedule starts, in a scenario or over what was recorded')
    .option(
      '--dag <dag>',
      'instead of a scenario: over the events that were recorded, beside the runs of this DAG',
    )
    .option('--since <time>', 'from when on: a duration, such as 7d, or an instant')
    .option('--until <time>', 'up to when; now, where it is not said')
    .option('--schedule <text>', "another schedule than the DAG's own, such as 'all(a, any(b, c))'")
    .addHelpText(
      'after',
      '\nThe scenario is a .json file, or - for standard input: one, or a list of them. It needs no server.',
    )
    .action((source: string | undefined, options: BacktestOptions) =>
      run((session) =>
        source === undefined ? backtest(session, options) : simulateOnly(source, options, session),
      ),
    );
}

function simulateOnly(source: string, options: BacktestOptions, session: Session): Promise<Report> {
  const [given] = Object.keys(options);
  if (given !== undefined)
    throw invalid(`--${given} is about what was recorded: leave it out, or give no scenario`);
  return simulateScenarios(source, session);
}

async function simulateScenarios(source: string, { terminal, format }: Session): Promise<Report> {
  const name = source === '-' ? 'standard input' : source;
  const written = parseJson(name, source === '-' ? await textOf(terminal.input) : await readScenario(source));
  const scenarios = scenariosOf(name, written);
  // Nothing that is printed in one form is computed for another.
  if (format !== 'json') return { json: null, sections: sectionsOf(scenarios) };
  const results = scenarios.map((scenario) => toSimulated(simulate(scenario)));
  const [first] = results;
  return { json: Array.isArray(written) || first === undefined ? results : first, sections: [] };
}

function scenariosOf(name: string, written: unknown): readonly Scenario[] {
  try {
    return Array.isArray(written)
      ? written.map((one: unknown, index) => parseScenario(one, `[${index}]`))
      : [parseScenario(written)];
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    throw invalid(`${name}: ${error.message}`);
  }
}

function parseJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`${name} is not JSON: ${reason}`);
  }
}

async function readScenario(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalid(`${file} cannot be read (${error.code}): give a .json file, or - for standard input`);
  });
}

async function textOf(input: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const pieces: string[] = [];
  for await (const piece of input) pieces.push(decoder.decode(piece, { stream: true }));
  return pieces.join('') + decoder.decode();
}
