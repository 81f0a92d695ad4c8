import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Request } from 'express';
import type { z } from 'zod';
import { type ErrorCode, TidegateError } from '../core/errors.ts';
import { outageOf } from '../store/outage.ts';
import type { Log } from '../temporal/deps.ts';
import type { httpCodes, Problem, ValidationIssue } from './contract/problem.ts';
import { isInAirflow } from './operations.ts';

type HttpCode = (typeof httpCodes)[number];

/** A failure that only HTTP knows. */
export class HttpProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: HttpCode,
    message: string,
    readonly members: Partial<Problem> = {},
  ) {
    super(message);
  }
}

/** A part of a request that its contract refuses. */
export class InvalidRequest extends Error {
  constructor(
    readonly part: 'body' | 'query' | 'path',
    readonly issues: readonly z.core.$ZodIssue[],
  ) {
    super(`invalid ${part}`);
  }
}

const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 400,
  invalid_uri: 422,
  invalid_definition: 422,
  extra_too_large: 413,
  undeclared_outlet: 422,
  undeclared_inlet: 422,
  wait_timed_out: 504,
  nothing_saved: 404,
  unknown_asset: 404,
  unknown_dag: 404,
  unknown_run: 404,
  unknown_task: 404,
  unknown_pool: 404,
  run_exists: 409,
  run_conflict: 409,
  run_in_flight: 409,
  project_paused: 409,
  queue_full: 429,
  idempotency_conflict: 409,
  invalid_environment: 500,
  database_unreachable: 503,
  temporal_unreachable: 503,
  wrong_project: 503,
  log_rewound: 503,
};

/** Most issues one answer lists: a bulk request may be wrong ten thousand times. */
const maxIssues = 20;

/** Answers every failure, once. */
export function answerErrors(log: Log): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const answer = problemOf(error, request);
    if (answer.status >= 500) {
      const fields = {
        code: answer.code,
        path: answer.instance,
        errorId: answer.error_id,
        error: textOf(error),
      };
      if (answer.status === 500) log.error('request failed', fields);
      else log.warn('request refused', fields);
    }
    // Half an answer cannot be taken back; Express then closes the connection.
    if (response.headersSent) return next(error);
    response.status(answer.status).type('application/problem+json').send(JSON.stringify(answer));
  };
}

function problemOf(error: unknown, request: Request): Problem {
  const instance = request.originalUrl.split('?', 1)[0] ?? '';
  if (error instanceof InvalidRequest) return invalidRequest(error, request, instance);
  if (error instanceof HttpProblem) {
    return { ...problem(error.status, error.code, error.message, instance), ...error.members };
  }
  if (error instanceof TidegateError) {
    return problem(statusOf[error.code], error.code, error.message, instance);
  }
  const outage = outageOf(error);
  if (outage !== undefined) {
    const detail = `Postgres does not answer: ${outage}. Try again; GET /ready says when it is back`;
    return problem(503, 'database_unreachable', detail, instance);
  }
  return parserProblem(error, instance) ?? unexpected(instance);
}

function problem(
  status: number,
  code: Problem['code'],
  detail: Problem['detail'],
  instance: string,
): Problem {
  return {
    type: `urn:tidegate:error:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    instance,
    code,
  };
}

function invalidRequest({ part, issues }: InvalidRequest, request: Request, instance: string): Problem {
  const errors = issues.flatMap((issue) => issuesOf(part, issue)).slice(0, maxIssues);
  const detail = isInAirflow(request.method, instance)
    ? errors
    : errors.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ');
  return { ...problem(422, 'invalid_input', detail, instance), errors };
}

function issuesOf(part: string, issue: z.core.$ZodIssue): readonly ValidationIssue[] {
  const loc = [part, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      loc: [...loc, key],
      msg: 'this field is not known',
      type: 'extra_forbidden',
    }));
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    const msg =
      part === 'body' && loc.length === 1
        ? 'a JSON body of type application/json is required'
        : 'this field is required';
    return [{ loc, msg, type: 'missing' }];
  }
  return [{ loc, msg: issue.message, type: issue.code }];
}

/** What Express and its body parser refuse: they mark their errors with a status, and the parser's with a type. */
function parserProblem(error: unknown, instance: string): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const type = 'type' in error ? error.type : undefined;
  const status = 'status' in error ? error.status : undefined;
  if (type === 'entity.too.large') {
    const limit = 'limit' in error ? `, ${String(error.limit)} bytes are allowed` : '';
    return problem(413, 'body_too_large', `the body is too large${limit}`, instance);
  }
  if (status === 415) return problem(415, 'unsupported_media_type', error.message, instance);
  if (type === 'entity.parse.failed') {
    return problem(
      400,
      'malformed_request',
      `the body is not valid JSON: ${firstLine(error.message)}`,
      instance,
    );
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return problem(400, 'malformed_request', firstLine(error.message), instance);
  }
  return undefined;
}

function unexpected(instance: string): Problem {
  const errorId = randomUUID();
  const detail = `an unexpected error; the log of the API has it as ${errorId}`;
  return { ...problem(500, 'internal_error', detail, instance), error_id: errorId };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
