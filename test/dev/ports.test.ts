import { createServer, type Server } from 'node:net';
import { choosePort, isFree, portWish } from '../../dev/ports.ts';

describe('the port of a server', () => {
  let taken: Server;
  let port: number;

  beforeAll(async () => {
    port = await choosePort({ kind: 'any' });
    taken = createServer();
    await new Promise<void>((ready) => taken.listen(port, ready));
  });

  afterAll(() => new Promise((closed) => taken.close(closed)));

  it('is the next free one when the usual one is taken', async () => {
    const chosen = await choosePort({ kind: 'usual', port });
    expect(chosen).toBeGreaterThan(port);
    expect(await isFree(chosen)).toBe(true);
  });

  it('is not one that a start has found taken', async () => {
    const first = await choosePort({ kind: 'usual', port });
    expect(await choosePort({ kind: 'usual', port }, new Set([first]))).not.toBe(first);
  });

  it('is refused by name when it was asked for and is taken', async () => {
    const wish = portWish({ TIDEGATE_API_PORT: String(port) }, 'TIDEGATE_API_PORT', 8080);
    await expect(choosePort(wish)).rejects.toThrow(`port ${port} (TIDEGATE_API_PORT) is in use`);
  });

  it.each(['http', '0', '70000', '80.5'])('cannot be %s', (text) => {
    expect(() => portWish({ TIDEGATE_UI_PORT: text }, 'TIDEGATE_UI_PORT', 8233)).toThrow(
      `TIDEGATE_UI_PORT is "${text}": give a port from 1 to 65535`,
    );
  });
});
