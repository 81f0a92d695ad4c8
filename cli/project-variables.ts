import { resolve } from 'node:path';
import { invalid } from './command-failure.ts';
import { findRunningStack } from './running-stack.ts';
import type { Surroundings, Variables } from './session.ts';

/** Variables that lead a command on this machine to Postgres and Temporal. */
export interface ProjectVariables {
  readonly variables: Variables;
  /** Data folder of the stack whose servers they name; undefined where the environment names them. */
  readonly stack: string | undefined;
}

/**
 * The variables of a command; where they name neither Postgres nor Temporal, with those of the stack that runs in this folder or
 * above it. Never some of each: two servers that do not belong together are not made a project by accident.
 */
export function findProjectVariables({ environment, folder }: Surroundings): ProjectVariables {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const namesServers = 'DATABASE_URL' in set || 'TEMPORAL_ADDRESS' in set;
  const stack = namesServers ? undefined : findRunningStack(folder);
  return { variables: { ...stack?.variables, ...set }, stack: stack?.folder };
}

/**
 * The same for a command that needs Postgres.
 * @throws CommandFailure when nothing leads to one
 */
export function requireProjectVariables(surroundings: Surroundings): ProjectVariables {
  const found = findProjectVariables(surroundings);
  if ('DATABASE_URL' in found.variables || 'TEMPORAL_ADDRESS' in found.variables) return found;
  throw invalid(
    `DATABASE_URL is not set, and no stack of \`npm start\` runs in ${resolve(surroundings.folder)} or above it: start one there, or give the address of Postgres, such as postgres://user:password@127.0.0.1:5432/tidegate`,
  );
}
