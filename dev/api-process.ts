import type { Child } from './children.ts';
import { choosePort, portWish } from './ports.ts';
import { type ProcessOptions, startProcess, type Started } from './tidegate-process.ts';

/** An API that is up, or why it is not. */
export type StartedApi = Started & { readonly url: string };

const usualPort = 8080;

/** Starts the API on the port of TIDEGATE_API_PORT and no other, or on 8080 or one that follows it. */
export async function startApi(options: Omit<ProcessOptions, 'name' | 'isReady'>): Promise<StartedApi> {
  const { environment } = options;
  const wish = portWish(environment, 'TIDEGATE_API_PORT', usualPort);
  const avoid = new Set<number>();
  for (;;) {
    const port = await choosePort(wish, avoid);
    const url = `http://${hostOf(environment)}:${port}`;
    const started = await startProcess({
      ...options,
      name: 'api',
      environment: { ...environment, TIDEGATE_API_PORT: String(port) },
      isReady: (child) => isReady(child, url),
    });
    // Another process may have been faster; with a port that was asked for, choosing again says so.
    if (started.kind === 'up' || !started.reason.includes('EADDRINUSE')) return { ...started, url };
    avoid.add(port);
  }
}

/** Where an API that listens on all interfaces is found from this machine. */
function hostOf(environment: NodeJS.ProcessEnv): string {
  const host = environment['TIDEGATE_API_HOST'] || '127.0.0.1';
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

async function isReady(child: Child, url: string): Promise<boolean> {
  // Another server may answer on a port ours is just failing to bind.
  if (!child.log().includes('"msg":"listening"')) return false;
  return fetch(`${url}/ready`, { signal: AbortSignal.timeout(5_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}
