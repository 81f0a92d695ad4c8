import { parseArgs } from 'node:util';

export const usage = `npm run bench [-- options]: Tidegate against raw Temporal and raw Postgres on the same servers
  --only <names>    benches to run, separated by commas
  --rounds <n>      how often each pair of ours and raw is measured (default 5)
  --quick           fewer samples and a smaller backlog: to see that it works, not what it is worth
  --name <name>     name of the files in bench/results (default: date and time)
  --profile <dir>   CPU profiles of API and worker go there; they cost speed
  --help            this text`;

export interface Options {
  /** `undefined` runs all. */
  readonly only: readonly string[] | undefined;
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly name: string | undefined;
  readonly profileFolder: string | undefined;
  readonly isHelp: boolean;
}

/** @throws Error that names the option which is wrong */
export function parseOptions(args: readonly string[], names: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      name: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only?.split(',').map((name) => name.trim());
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${names.join(', ')}`);
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds}: give a whole number`);
  if (values.name !== undefined && !/^[\w.-]+$/.test(values.name)) {
    throw new Error(`--name ${values.name}: use letters, digits, dots and dashes`);
  }
  return {
    ...{ only, rounds, isQuick: values.quick, name: values.name, profileFolder: values.profile },
    isHelp: values.help,
  };
}
