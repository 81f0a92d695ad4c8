import {
  type Environment,
  parseEnvironment,
  portOf,
  valueOf,
  type Variables,
} from '../temporal/environment.ts';

/** What the API process reads from its environment. */
export interface ApiEnvironment extends Environment {
  readonly port: number;
  /** Interface to listen on; only this machine by default, because the API knows no users. */
  readonly host: string;
}

/** @throws TidegateError `invalid_environment` naming the first variable that is missing or malformed */
export function parseApiEnvironment(variables: Variables): ApiEnvironment {
  return {
    ...parseEnvironment(variables),
    port: portOf(variables, 'TIDEGATE_API_PORT', 8080),
    host: valueOf(variables, 'TIDEGATE_API_HOST') ?? '127.0.0.1',
  };
}
