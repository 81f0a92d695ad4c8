import type { Problem } from '../api/contract/problem.ts';

/** What the status of a finished command says. */
export const exitStatus = {
  ok: 0,
  /** It was understood, and could not be done: a run failed, a thing is not there, an answer is "no". */
  failed: 1,
  /** Input, usage or environment must be changed first. */
  invalid: 2,
  /** A server did not answer: the same command may do later. */
  unreachable: 3,
} as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

const { failed, invalid, unreachable } = exitStatus;

/** Exit status of every failure with a code. */
export const statusOfCode: Readonly<Record<Problem['code'], ExitStatus>> = {
  invalid_input: invalid,
  invalid_uri: invalid,
  invalid_definition: invalid,
  extra_too_large: invalid,
  undeclared_outlet: invalid,
  undeclared_inlet: invalid,
  wait_timed_out: failed,
  nothing_saved: failed,
  unknown_asset: failed,
  unknown_dag: failed,
  unknown_run: failed,
  unknown_task: failed,
  unknown_pool: failed,
  run_exists: failed,
  run_conflict: failed,
  run_in_flight: failed,
  project_paused: failed,
  queue_full: failed,
  idempotency_conflict: failed,
  invalid_environment: invalid,
  database_unreachable: unreachable,
  temporal_unreachable: unreachable,
  wrong_project: invalid,
  log_rewound: failed,
  malformed_request: invalid,
  cross_site_request: invalid,
  body_too_large: invalid,
  unsupported_media_type: invalid,
  unknown_path: invalid,
  method_not_allowed: invalid,
  several_producers: failed,
  nothing_queued: failed,
  not_ready: unreachable,
  internal_error: failed,
};
