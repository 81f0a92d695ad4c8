import { connect, createServer } from 'node:net';
import { TidegateError } from '../core/errors.ts';

/** Which port a server may take: the one asked for by a variable and no other, or a usual one and what follows it. */
export type PortWish =
  | { readonly kind: 'asked'; readonly variable: string; readonly port: number }
  | { readonly kind: 'usual'; readonly port: number }
  | { readonly kind: 'any' };

/** The wish an environment variable states, else the usual port. */
export function portWish(environment: NodeJS.ProcessEnv, variable: string, usual: number): PortWish {
  const text = environment[variable];
  if (text === undefined || text === '') return { kind: 'usual', port: usual };
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return { kind: 'asked', variable, port };
  throw new TidegateError(
    'invalid_environment',
    `${variable} is ${JSON.stringify(text)}: give a port from 1 to 65535`,
  );
}

/** A port of 127.0.0.1 that is free now and that the wish allows; `avoid` are ports found taken by a failed start. */
export async function choosePort(wish: PortWish, avoid: ReadonlySet<number> = new Set()): Promise<number> {
  if (wish.kind === 'any') return anyPort(avoid);
  if (wish.kind === 'asked') {
    if (!avoid.has(wish.port) && (await isFree(wish.port))) return wish.port;
    throw new TidegateError(
      'invalid_environment',
      `port ${wish.port} (${wish.variable}) is in use: stop what listens there or set another ${wish.variable}`,
    );
  }
  for (let port = wish.port; port < Math.min(wish.port + 100, 65_536); port++) {
    if (!avoid.has(port) && (await isFree(port))) return port;
  }
  return anyPort(avoid);
}

/** Whether nothing listens on a port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  // Both, because some systems let one bind 127.0.0.1 beside a listener on all addresses.
  return (await canListen(port)) && !(await canConnect('127.0.0.1', port, 1_000));
}

function canListen(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => settle(true)));
  });
}

/** Whether something accepts connections there within the time. */
export function canConnect(host: string, port: number, withinMs: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: withinMs });
    const finish = (ok: boolean): void => {
      socket.destroy();
      settle(ok);
    };
    socket.once('connect', () => finish(true));
    socket.once('timeout', () => finish(false));
    socket.once('error', () => finish(false));
  });
}

function anyPort(avoid: ReadonlySet<number>): Promise<number> {
  return new Promise((settle, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => settle(avoid.has(port) ? anyPort(avoid) : port));
    });
  });
}
