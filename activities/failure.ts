import { ApplicationFailure } from '@temporalio/activity';
import { type ErrorCode, TidegateError } from '../core/errors.ts';
import { redactor } from '../sdk/secrets.ts';

/** Whether trying again may help. */
const isPassing: Readonly<Record<ErrorCode, boolean>> = {
  invalid_input: false,
  invalid_uri: false,
  invalid_definition: false,
  extra_too_large: false,
  undeclared_outlet: false,
  undeclared_inlet: false,
  wait_timed_out: false,
  nothing_saved: false,
  unknown_asset: false,
  unknown_dag: false,
  unknown_run: false,
  unknown_task: false,
  unknown_pool: false,
  run_exists: false,
  run_conflict: false,
  run_in_flight: false,
  project_paused: false,
  queue_full: false,
  idempotency_conflict: false,
  invalid_environment: false,
  database_unreachable: true,
  temporal_unreachable: true,
  wrong_project: false,
  log_rewound: false,
};

/** Activities whose `TidegateError`s end them at once, under their code; everything else is tried again. */
export function withFailures<Activities extends object>(activities: Activities): Activities {
  return Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      async (...args: unknown[]) => {
        try {
          return await activity(...args);
        } catch (error) {
          throw withoutSecrets(translate(error));
        }
      },
    ]),
  ) as Activities;
}

/** Temporal keeps messages, stacks and causes. */
function withoutSecrets(thrown: unknown): unknown {
  const { text, isIn } = redactor();
  const seen = new Set<unknown>();
  for (let error = thrown; error instanceof Error && !seen.has(error); error = error.cause) {
    seen.add(error);
    if (isIn(error.message)) error.message = text(error.message);
    if (error.stack !== undefined && isIn(error.stack)) error.stack = text(error.stack);
  }
  return thrown;
}

function translate(error: unknown): unknown {
  if (!(error instanceof TidegateError) || isPassing[error.code]) return error;
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: true,
    cause: error,
  });
}
