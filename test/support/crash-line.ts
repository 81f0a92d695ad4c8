import { connect, createServer, type Socket } from 'node:net';

/** A TCP line to a server that can be cut, as when a machine drops off the network. */
export interface Line {
  /** Host and port to connect to instead of the server's. */
  readonly address: string;
  /** Breaks every connection and takes no new one. */
  cut(): void;
  mend(): void;
  close(): void;
}

export async function layLine(to: string): Promise<Line> {
  const [host, port] = to.split(':');
  const sockets = new Set<Socket>();
  let isCut = false;
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect({ host: host ?? '127.0.0.1', port: Number(port), noDelay: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => undefined);
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.setNoDelay(true);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  return {
    address: `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    cut,
    mend: () => {
      isCut = false;
    },
    close: () => {
      cut();
      server.close();
    },
  };
}
