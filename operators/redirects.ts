import { NonRetryable } from '../sdk/index.ts';

/** A request as it is sent. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string | undefined;
}

/** Redirects that are followed one after the other. */
const maxRedirects = 10;
const redirects: readonly number[] = [301, 302, 303, 307, 308];
/** What another origin may see of the headers; any other may be a secret. */
const harmless: readonly string[] = ['accept', 'accept-language', 'content-type', 'user-agent'];

/**
 * Sends a request, and sends it again where it is redirected to. Fetch would do so too, but hands headers such as `x-api-key` to whatever origin it is led to.
 * @throws NonRetryable when it is led in a circle, from https to http, or nowhere
 */
export async function follow(request: HttpRequest, signal: AbortSignal): Promise<Response> {
  let next = request;
  for (let count = 0; count <= maxRedirects; count += 1) {
    const { url, method, headers, body } = next;
    const response = await fetch(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body !== undefined && { body }),
    });
    const location = response.headers.get('location');
    if (!redirects.includes(response.status) || location === null) return response;
    await response.body?.cancel();
    next = redirected(next, response.status, location);
  }
  throw new NonRetryable(
    `${request.url.origin} redirects more than ${maxRedirects} times: ask for the last address`,
  );
}

function redirected(
  { url, method, headers, body }: HttpRequest,
  status: number,
  location: string,
): HttpRequest {
  const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (target === undefined || !/^https?:$/.test(target.protocol))
    throw new NonRetryable(`${url.origin} redirects to what is no web address`);
  if (url.protocol === 'https:' && target.protocol === 'http:')
    throw new NonRetryable(`${url.origin} redirects to ${target.origin}, which is not encrypted`);
  [target.username, target.password] = ['', ''];
  const kept = new Headers(headers);
  if (target.origin !== url.origin)
    for (const name of [...headers.keys()].filter((one) => !harmless.includes(one))) kept.delete(name);
  // As browsers do: what was posted is not posted twice, but where the server says so.
  const isAsked = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST';
  if (!isAsked) return { url: target, method, headers: kept, body };
  kept.delete('content-type');
  return { url: target, method: 'GET', headers: kept, body: undefined };
}
