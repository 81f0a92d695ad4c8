/** What `npm start` was asked to do. */
export type StartOptions =
  | { readonly kind: 'start'; readonly fresh: boolean; readonly once: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'unknown'; readonly option: string };

export const usage = `npm start [-- options]: Postgres, Temporal and Tidegate on this machine, and Exercise 5.1 once
  --once    end after the exercise: status 0 when both runs succeeded
  --fresh   empty the data folder (.tidegate, or TIDEGATE_DATA) first
  --help    this text

TIDEGATE_PROJECT        folder of the project to run instead of the examples
TIDEGATE_API_PORT       TIDEGATE_POSTGRES_PORT, TIDEGATE_TEMPORAL_PORT, TIDEGATE_UI_PORT: that port or none
DATABASE_URL            TEMPORAL_ADDRESS: servers of your own`;

export function parseOptions(options: readonly string[]): StartOptions {
  const option = options.find((each) => !['--fresh', '--once', '--help'].includes(each));
  if (option !== undefined) return { kind: 'unknown', option };
  if (options.includes('--help')) return { kind: 'help' };
  return { kind: 'start', fresh: options.includes('--fresh'), once: options.includes('--once') };
}
