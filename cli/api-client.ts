import type { z } from 'zod';
import { Problem } from '../api/contract/problem.ts';
import { CommandFailure } from './command-failure.ts';
import { exitStatus, statusOfCode } from './exit-status.ts';

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** The HTTP API; answers are checked against their contracts. */
export interface Api {
  /** Without a slash at its end. */
  readonly url: string;
  get<Answer extends z.ZodType>(answer: Answer, path: string, query?: Query): Promise<z.output<Answer>>;
  send<Answer extends z.ZodType>(
    method: 'POST' | 'PATCH',
    answer: Answer,
    path: string,
    body: object,
  ): Promise<z.output<Answer>>;
  /** Asks for something to be gone; there is no more to answer than that it is. */
  /** @returns the headers of the answer, which has no body */
  remove(path: string, query?: Query): Promise<Readonly<Record<string, string>>>;
}

/** Longest a request may take: pausing waits for a worker, which may be busy. */
const answerWithinMs = 60_000;

/**
 * The API at an address; nothing is asked before the first call. A call throws a `CommandFailure` with the status of what went
 * wrong.
 */
export function createApi(url: string): Api {
  return {
    url,
    get: async (answer, path, query = {}) => read(url, answer, await ask(url, withQuery(path, query), {})),
    send: async (method, answer, path, body) => {
      const headers = { 'content-type': 'application/json' };
      return read(url, answer, await ask(url, path, { method, headers, body: JSON.stringify(body) }));
    },
    remove: async (path, query = {}) => {
      const response = await ask(url, withQuery(path, query), { method: 'DELETE' });
      if (response.status === 204) return Object.fromEntries(response.headers);
      throw refusal(url, response, parseJson(await response.text()));
    },
  };
}

/** A path of the API, with its parameters escaped. */
export function pathOf(parts: TemplateStringsArray, ...values: readonly (string | number)[]): string {
  return String.raw({ raw: parts }, ...values.map((value) => encodeURIComponent(value)));
}

function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of typeof value === 'object' ? value : [value]) search.append(name, String(one));
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

async function ask(url: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(answerWithinMs) });
  } catch (error) {
    throw new CommandFailure(
      exitStatus.unreachable,
      `the API at ${url} does not answer (${reasonOf(error)}): start it with \`npm start\` or \`tidegate api\`, or name another with --api-url or TIDEGATE_API_URL`,
      { cause: error },
    );
  }
}

async function read<Answer extends z.ZodType>(
  url: string,
  answer: Answer,
  response: Response,
): Promise<z.output<Answer>> {
  const body = parseJson(await response.text());
  if (!response.ok) throw refusal(url, response, body);
  const parsed = answer.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (body === undefined) throw foreign(url, response);
  throw new CommandFailure(
    exitStatus.invalid,
    `${response.url} did not answer as the API of this version does (${issue?.path.join('.')}: ${issue?.message}): check that \`tidegate version\` names the same version twice`,
  );
}

function refusal(url: string, response: Response, body: unknown): CommandFailure {
  const problem = Problem.safeParse(body);
  if (!problem.success) {
    return foreign(url, response);
  }
  const { code, detail } = problem.data;
  const text =
    typeof detail === 'string'
      ? detail
      : detail.map(({ loc, msg }) => `${loc.slice(1).join('.') || loc.join('.')}: ${msg}`).join('; ');
  return new CommandFailure(statusOfCode[code], text);
}

function foreign(url: string, { status, statusText }: Response): CommandFailure {
  return new CommandFailure(
    exitStatus.invalid,
    `${url} answered ${status} ${statusText}, yet not as a Tidegate API does: check --api-url or TIDEGATE_API_URL`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing within ${answerWithinMs / 1_000} s`;
  const { cause } = error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error ? cause.message : error.message;
}
