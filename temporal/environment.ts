import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import { type DatabaseOptions, defaultSchema, parseSchemaName } from '../store/database.ts';
import type { TemporalOptions } from './connect.ts';

/** Variables of a process; an empty one counts as not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Those that lead to a project: what {@link parseEnvironment} reads. */
export const projectVariables = [
  'DATABASE_URL',
  'TIDEGATE_SCHEMA',
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS',
  'TIDEGATE_TASK_QUEUE',
  'TIDEGATE_UI_URL',
] as const;

/** Where a process finds the project: the same for API, worker and commands. */
export interface Environment {
  readonly database: Required<Pick<DatabaseOptions, 'url' | 'schema'>>;
  readonly temporal: Omit<TemporalOptions, 'interceptors'>;
  /** Base address of Temporal's Web UI, without a slash at its end. */
  readonly temporalUiUrl: string | undefined;
}

/**
 * Reads the variables that lead to a project.
 * @throws TidegateError `invalid_environment` naming the first variable that is missing or malformed
 */
export function parseEnvironment(variables: Variables): Environment {
  const tls = flagOf(variables, 'TEMPORAL_TLS');
  const apiKey = valueOf(variables, 'TEMPORAL_API_KEY');
  return {
    database: {
      url: databaseUrlOf(variables),
      schema: parseSchemaName(valueOf(variables, 'TIDEGATE_SCHEMA') ?? defaultSchema),
    },
    temporal: {
      address: addressOf(variables, 'TEMPORAL_ADDRESS', '127.0.0.1:7233'),
      namespace: valueOf(variables, 'TEMPORAL_NAMESPACE') ?? 'default',
      taskQueue: valueOf(variables, 'TIDEGATE_TASK_QUEUE') ?? 'tidegate',
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(tls === undefined ? {} : { tls }),
    },
    temporalUiUrl: webUrlOf(variables, 'TIDEGATE_UI_URL'),
  };
}

export function valueOf(variables: Variables, name: string): string | undefined {
  const value = variables[name];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

/** @throws TidegateError `invalid_environment` unless it is a port number */
export function portOf(variables: Variables, name: string, byDefault: number): number {
  const value = valueOf(variables, name);
  if (value === undefined) return byDefault;
  if (!isPort(value)) throw invalid(name, value, 'use a port from 1 to 65535');
  return Number(value);
}

function databaseUrlOf(variables: Variables): string {
  const url = valueOf(variables, 'DATABASE_URL');
  if (url === undefined) {
    throw new TidegateError(
      'invalid_environment',
      'DATABASE_URL is not set: give the address of Postgres, such as postgres://user:password@127.0.0.1:5432/tidegate',
    );
  }
  // The value may hold a password, so the error does not repeat it.
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    throw new TidegateError(
      'invalid_environment',
      'DATABASE_URL is not valid: use a URL such as postgres://user:password@127.0.0.1:5432/tidegate',
    );
  }
  return url;
}

function addressOf(variables: Variables, name: string, byDefault: string): string {
  const value = valueOf(variables, name) ?? byDefault;
  const [, port] = /^[A-Za-z0-9._-]+:(\d+)$|^\[[0-9A-Fa-f:]+\]:(\d+)$/.exec(value)?.filter(Boolean) ?? [];
  if (port === undefined || !isPort(port)) throw invalid(name, value, `use host:port, such as ${byDefault}`);
  return value;
}

function webUrlOf(variables: Variables, name: string): string | undefined {
  const value = valueOf(variables, name);
  if (value === undefined) return undefined;
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw invalid(name, value, 'use a web address, such as http://127.0.0.1:8233');
  }
  return value.replace(/\/+$/, '');
}

function flagOf(variables: Variables, name: string): boolean | undefined {
  const value = valueOf(variables, name);
  if (value === undefined) return undefined;
  if (value !== 'true' && value !== 'false') throw invalid(name, value, `use 'true' or 'false'`);
  return value === 'true';
}

function isPort(value: string): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

function invalid(name: string, value: string, remedy: string): TidegateError {
  return new TidegateError('invalid_environment', `${name} ${quote(value)} is not valid: ${remedy}`);
}
