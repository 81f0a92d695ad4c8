import { fileURLToPath } from 'node:url';
import { TidegateError } from '../core/errors.ts';
import { endOnSignals } from '../dev/end-signals.ts';
import { createProgress } from '../dev/progress.ts';
import { findTemporalBinary } from '../dev/temporal-binary.ts';
import { accept } from './accept.ts';
import { backlog } from './backlog.ts';
import type { Bench } from './bench.ts';
import { fanOut } from './fan-out.ts';
import { hops } from './hops.ts';
import { latency } from './latency.ts';
import { describeMachine, loadNow, type Machine } from './machine.ts';
import { isMet, type Measurement } from './measurement.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { save, toTable } from './report.ts';
import { mapped } from './mapped.ts';
import { runs } from './runs.ts';
import { openStand, type Stand } from './stand.ts';
import { wide } from './wide.ts';

// `npm run bench`: measures Tidegate and, in between, Temporal and Postgres by themselves on the same servers.

const benches: readonly Bench[] = [latency, hops, runs, mapped, accept, fanOut, wide, backlog];
const resultsFolder = fileURLToPath(new URL('./results', import.meta.url));

let stand: Stand | undefined;
endOnSignals(async () => stand?.stop());

try {
  const options = parseOptions(
    process.argv.slice(2),
    benches.map(({ name }) => name),
  );
  if (options.isHelp) process.stdout.write(`${usage}\n`);
  else process.exitCode = await measureAll(options);
} catch (error) {
  const isExpected =
    error instanceof TidegateError || (error instanceof Error && error.message.startsWith('--'));
  process.stderr.write(`${isExpected || !(error instanceof Error) ? String(error) : error.stack}\n`);
  process.exitCode = 1;
}

/** @returns the exit status: 1 when a target is missed */
async function measureAll(options: Options): Promise<number> {
  const progress = createProgress(process.stdout);
  const startedAt = new Date().toISOString();
  const loadBefore = loadNow();
  const temporalBinary = await findTemporalBinary({ environment: process.env, progress });
  const measured: Record<string, readonly Measurement[]> = {};
  let machine: Machine | undefined;
  for (const bench of benches.filter(({ name }) => options.only?.includes(name) ?? true)) {
    progress.say(`\n${bench.name}`);
    stand = await progress.step('starting Postgres, Temporal, API and workers', () =>
      openStand({
        ...{ dags: bench.name, temporalBinary, profileFolder: options.profileFolder },
        ...(bench.entries && { entries: bench.entries }),
      }),
    );
    try {
      machine ??= await describeMachine(stand, loadBefore);
      const measurements = await bench.run(stand, options, (text) => progress.say(`  ${text}`));
      measured[bench.name] = measurements;
      progress.say(`\n${toTable(measurements)}`);
    } finally {
      await stand.stop();
      stand = undefined;
    }
  }
  if (machine === undefined) return 0;
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])];
  const name = options.name ?? startedAt.slice(0, 16).replaceAll(':', '-');
  const path = await save(resultsFolder, name, {
    ...{ command: command.join(' '), startedAt, machine, benches: measured },
  });
  progress.say(`\nwritten: ${path}.json and ${path}.md`);
  return Object.values(measured)
    .flat()
    .some((measurement) => isMet(measurement) === false)
    ? 1
    : 0;
}
