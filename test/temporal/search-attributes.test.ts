import { Client, Connection } from '@temporalio/client';
import { InterceptingCall, status } from '@grpc/grpc-js';
import { searchAttributeNames } from '../../core/search-attributes.ts';
import { ensureSearchAttributes } from '../../temporal/search-attributes.ts';
import { recordingLog } from '../support/api.ts';
import { createTestNamespace, type TestNamespace } from '../support/temporal.ts';

describe('the search attributes of a namespace', () => {
  /** @param meanwhile - what happens elsewhere before the refusal */
  const connectTo = async (
    { address, namespace }: TestNamespace,
    refused: readonly string[],
    meanwhile: () => Promise<unknown> = async () => undefined,
  ) => {
    const connection = await Connection.connect({
      address,
      interceptors: [
        (options, next) => {
          const call = next(options);
          if (!refused.some((method) => options.method_definition.path.endsWith(method)))
            return new InterceptingCall(call);
          return new InterceptingCall(call, {
            start: (metadata, listener) =>
              void meanwhile().then(() =>
                listener.onReceiveStatus({
                  code: status.PERMISSION_DENIED,
                  details: 'not allowed',
                  metadata,
                }),
              ),
            sendMessage: () => undefined,
            halfClose: () => undefined,
          });
        },
      ],
    });
    const client = new Client({ connection, namespace });
    return { client, namespace, taskQueue: 'tidegate' };
  };

  it('are registered once, and found from then on', async () => {
    const temporal = await connectTo(await createTestNamespace(), []);
    const { log, logged } = recordingLog();
    expect(await ensureSearchAttributes(temporal, log)).toEqual(searchAttributeNames);
    expect(await ensureSearchAttributes(temporal, log)).toEqual(searchAttributeNames);
    expect(logged).toEqual([]);
    await temporal.client.connection.close();
  });

  it('are registered by workers that start at once, without a warning', async () => {
    const place = await createTestNamespace();
    const { log, logged } = recordingLog();
    const workers = await Promise.all(Array.from({ length: 4 }, () => connectTo(place, [])));
    const found = await Promise.all(workers.map((worker) => ensureSearchAttributes(worker, log)));
    expect({ found, logged }).toEqual({ found: workers.map(() => searchAttributeNames), logged: [] });
    await Promise.all(workers.map(({ client }) => client.connection.close()));
  });

  it('are not missed by a worker whose registration is refused because another came first', async () => {
    const place = await createTestNamespace();
    const other = await connectTo(place, []);
    const { log, logged } = recordingLog();
    const late = await connectTo(place, ['AddSearchAttributes'], () => ensureSearchAttributes(other, log));
    expect(await ensureSearchAttributes(late, log)).toEqual(searchAttributeNames);
    expect(logged).toEqual([]);
    await Promise.all([other, late].map(({ client }) => client.connection.close()));
  });

  it('are named in the warning only where they are missing', async () => {
    const place = await createTestNamespace();
    const temporal = await connectTo(place, ['AddSearchAttributes']);
    const other = await connectTo(place, []);
    await other.client.connection.operatorService.addSearchAttributes({
      namespace: place.namespace,
      searchAttributes: { TidegateDag: 2 },
    });
    const { log, logged } = recordingLog();
    expect(await ensureSearchAttributes(temporal, log)).toEqual(['TidegateDag']);
    expect(logged).toEqual([expect.stringContaining('TidegateAssets')]);
    expect(logged).toEqual([expect.not.stringContaining('TidegateDag')]);
    await Promise.all([other, temporal].map(({ client }) => client.connection.close()));
  });

  it.each([[['AddSearchAttributes']], [['AddSearchAttributes', 'ListSearchAttributes']]])(
    'are left out where %j is refused, and the log says how to register them',
    async (refused) => {
      const temporal = await connectTo(await createTestNamespace(), refused);
      const { log, logged } = recordingLog();
      expect(await ensureSearchAttributes(temporal, log)).toEqual([]);
      expect(logged).toHaveLength(1);
      expect(logged[0]).toContain(
        `temporal operator search-attribute create --namespace ${temporal.namespace} --name TidegateDag --type Keyword`,
      );
      await temporal.client.connection.close();
    },
  );
});
