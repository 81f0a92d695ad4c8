/** Every failure a caller can act on. `docs/errors.md` says what each means and what to do. */
export const errorCodes = [
  'invalid_input',
  'invalid_uri',
  'invalid_definition',
  'extra_too_large',
  'undeclared_outlet',
  'undeclared_inlet',
  'wait_timed_out',
  'nothing_saved',
  'unknown_asset',
  'unknown_dag',
  'unknown_run',
  'unknown_task',
  'unknown_pool',
  'run_exists',
  'run_conflict',
  'run_in_flight',
  'project_paused',
  'queue_full',
  'idempotency_conflict',
  'invalid_environment',
  'database_unreachable',
  'temporal_unreachable',
  'wrong_project',
  'log_rewound',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** A failure the caller can act on: the message names the value and the remedy, in one line. */
export class TidegateError extends Error {
  override readonly name = 'TidegateError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Closes a `switch` over a union: compiles only where every kind has been handled. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
