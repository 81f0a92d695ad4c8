import type { Request, RequestHandler } from 'express';
import { HttpProblem } from './errors.ts';

/** Methods that change nothing (RFC 9110 §9.2.1). */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses what a page of another site makes a browser ask for. The API knows no users, so that reaching it is all it takes: without this
 * any page that somebody on the machine opens could record events and start runs. What is no browser sends neither header.
 */
export const refuseCrossSite: RequestHandler = (request, _response, next) => {
  if (!safeMethods.has(request.method) && isCrossSite(request)) {
    const { method, headers } = request;
    const from = headers.origin === undefined ? 'another site' : headers.origin;
    throw new HttpProblem(
      403,
      'cross_site_request',
      `${method} from a page of ${from} is refused: only pages of ${headers.host ?? 'this host'} may change something here`,
    );
  }
  next();
};

function isCrossSite({ headers }: Request): boolean {
  if (headers['sec-fetch-site'] === 'cross-site') return true;
  return headers.origin !== undefined && hostOf(headers.origin) !== headers.host?.toLowerCase();
}

/** `undefined` for the `null` of a page that hides where it is from. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
