import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { TidegateError } from '../core/errors.ts';
import { isRecord, type Json, shown } from '../core/json.ts';
import { type JsonObject, NonRetryable, RetryAfter, type TaskContext } from '../sdk/index.ts';
import { type Given, type GivenFields, resolve } from './given.ts';
import { follow, type HttpRequest } from './redirects.ts';
import { readText } from './response-text.ts';
import { checkedResult, parsedJson, type ResultOf } from './result.ts';
import { pauseIn } from './retry-after-header.ts';

/** What is asked for; each may be a function of the task's context. */
export interface RequestOptions {
  /** @defaultValue `'GET'`, `'POST'` where there is a body */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text is sent as it is, anything else as JSON. @defaultValue nothing */
  readonly body?: Json;
  /** Statuses that mean success. @defaultValue 200 to 299 */
  readonly expectedStatus?: readonly number[];
  /** Whether an `Idempotency-Key` is sent that is the same in every try of the task in this attempt of the run. @defaultValue false */
  readonly idempotencyKey?: boolean;
}

/** What of a response is the task's result. */
export type HttpResult = 'json' | 'text' | 'none';

/** What a task of a request returns. */
export type HttpResultOf<Kind, Schema extends z.ZodType | undefined> = ResultOf<
  Schema,
  Kind extends 'text' ? string : Kind extends 'none' ? null : Json
>;

/** A request was not answered as it should have been, and may be if it is repeated. */
export class HttpFailed extends Error {
  override readonly name = 'HttpFailed';
}

/** Refusals that time may change. */
const passing: readonly number[] = [408, 425, 429];
/** How much of a refusal's body is in the error. */
const shownLength = 500;

/**
 * Makes a task of an HTTP request. A status of 400 to 499, but 408, 425 and 429, ends the task, whatever retries are left; after others, and where there is no
 * answer, the task's retries decide, and `Retry-After` sets their pause. Up to ten redirects are followed; headers that were given are not sent to another origin.
 * @throws TidegateError `invalid_input` when the task runs and an option cannot be used
 */
export function http<
  Params extends object = JsonObject,
  Needs extends object = object,
  const Kind extends HttpResult = 'json',
  Schema extends z.ZodType | undefined = undefined,
>(
  url: Given<string, Params, Needs>,
  options: GivenFields<RequestOptions, Params, Needs> & {
    /** The body as JSON (`null` where it is empty), as text, or nothing. @defaultValue `'json'` */
    readonly result?: Kind;
    /** Checks and types the result. */
    readonly schema?: Schema;
  } = {},
): (context: TaskContext<Params, Needs>) => Promise<HttpResultOf<Kind, Schema>> {
  const { result = 'json', schema } = options;
  return async (context) => {
    const request = await requestOf(context, url, options);
    const expected = await resolve(options.expectedStatus, context);
    const failed = (error: unknown): never => {
      context.signal.throwIfAborted();
      if (error instanceof NonRetryable) throw error;
      throw new HttpFailed(`${request.title} was not answered: ${reasonOf(error)}`);
    };
    const response = await follow(request, context.signal).catch(failed);
    const isExpected = expected === undefined ? response.ok : expected.includes(response.status);
    context.log.info('response received', { request: request.title, status: response.status });
    if (!isExpected) throw await refusal(response, request.title);
    if (result === 'none') {
      await response.body?.cancel();
      return checkedResult(schema, null, `the answer to ${request.title}`);
    }
    const text = await readText(response, request.title).catch(failed);
    const json = result === 'text' ? text : text === '' ? null : parsedJson(text, 'the answer');
    return checkedResult(schema, json, `the answer to ${request.title}`);
  };
}

async function requestOf<Params extends object, Needs extends object>(
  context: TaskContext<Params, Needs>,
  givenUrl: Given<string, Params, Needs>,
  options: GivenFields<RequestOptions, Params, Needs>,
): Promise<HttpRequest & { readonly title: string }> {
  const body = await resolve(options.body, context);
  const method = (
    (await resolve(options.method, context)) ?? (body === undefined ? 'GET' : 'POST')
  ).toUpperCase();
  const { url, authorization } = parseUrl(await resolve(givenUrl, context));
  const headers = new Headers();
  if (body !== undefined && typeof body !== 'string') headers.set('content-type', 'application/json');
  if (authorization !== undefined) headers.set('authorization', authorization);
  if ((await resolve(options.idempotencyKey, context)) === true)
    headers.set('idempotency-key', keyOf(context));
  for (const [name, value] of Object.entries((await resolve(options.headers, context)) ?? {}))
    setHeader(headers, name, value);
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  if (text !== undefined && (method === 'GET' || method === 'HEAD'))
    throw new TidegateError('invalid_input', `method ${method} takes no body: use POST, PUT or PATCH`);
  // Neither user nor query: both are where secrets stand.
  return { url, method, headers, body: text, title: `${method} ${url.origin}${url.pathname}` };
}

/** Fetch refuses credentials in a URL, and shows them: they go into a header. */
function parseUrl(given: string): { readonly url: URL; readonly authorization: string | undefined } {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new TidegateError(
      'invalid_input',
      // Not the URL itself, which may hold a password.
      `url is not valid: use an absolute one such as 'https://example.com/api'`,
    );
  const { username, password } = url;
  const isPrivate = username !== '' || password !== '';
  [url.username, url.password] = ['', ''];
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { url, authorization: isPrivate ? `Basic ${credentials.toString('base64')}` : undefined };
}

function setHeader(headers: Headers, name: string, value: string): void {
  try {
    if (typeof value !== 'string') throw new TypeError('no text');
    headers.set(name, value);
  } catch {
    // By its name only: the value may be a secret.
    throw new TidegateError(
      'invalid_input',
      `header ${shown(name)} is not valid: use a name of letters and '-', and a text without line ends`,
    );
  }
}

/** Short and of ASCII, whatever ids are made of. */
function keyOf({
  dagId,
  runId,
  taskId,
  run,
}: Pick<TaskContext, 'dagId' | 'runId' | 'taskId' | 'run'>): string {
  const of = JSON.stringify([dagId, runId, taskId, run.attempt]);
  return createHash('sha256').update(of).digest('base64url');
}

async function refusal(response: Response, title: string): Promise<Error> {
  const body = await readText(response, title).catch(() => '');
  const said = body.trim().slice(0, shownLength);
  const message = `${title} was answered with ${response.status}${said === '' ? '' : `: ${said}`}`;
  const { status } = response;
  if (status >= 400 && status < 500 && !passing.includes(status)) return new NonRetryable(message);
  const pauseMs = pauseIn(response.headers.get('retry-after'), Date.now());
  return pauseMs === undefined ? new HttpFailed(message) : new RetryAfter(pauseMs, message);
}

/** The message of fetch says nothing; that of its cause does. */
function reasonOf(error: unknown): string {
  if (!isRecord(error)) return String(error);
  const { cause, errors, message } = error;
  if (cause !== undefined) return reasonOf(cause);
  return Array.isArray(errors) ? reasonOf(errors[0]) : String(message);
}
