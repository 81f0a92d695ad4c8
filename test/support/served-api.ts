import { createServer } from 'node:http';
import supertest from 'supertest';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import type { Deps } from '../../temporal/deps.ts';

/** An API that listens, for those who come by its address. */
export interface ServedApi {
  readonly http: ReturnType<typeof supertest>;
  readonly url: string;
  close(): Promise<void>;
}

export async function serveApi(deps: Deps & Partial<ApiDeps>): Promise<ServedApi> {
  const app = createApp({ temporalUiUrl: 'http://temporal.test', version: '0', ...deps });
  const server = createServer(app);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return {
    http: supertest(app),
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
