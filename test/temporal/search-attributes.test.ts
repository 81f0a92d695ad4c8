import { Client, Connection } from '@temporalio/client';
import { InterceptingCall, status } from '@grpc/grpc-js';
import { searchAttributeNames } from '../../core/search-attributes.ts';
import { ensureSearchAttributes } from '../../temporal/search-attributes.ts';
import { recordingLog } from '../support/api.ts';
import { createTestNamespace } from '../support/temporal.ts';

describe('the search attributes of a namespace', () => {
  const connectionOf = async (refused: readonly string[]) => {
    const place = await createTestNamespace();
    const connection = await Connection.connect({
      address: place.address,
      interceptors: [
        (options, next) => {
          const call = next(options);
          if (!refused.some((method) => options.method_definition.path.endsWith(method)))
            return new InterceptingCall(call);
          return new InterceptingCall(call, {
            start: (_metadata, listener) =>
              listener.onReceiveStatus({
                ...{ code: status.PERMISSION_DENIED, details: 'not allowed' },
                metadata: _metadata,
              }),
            sendMessage: () => undefined,
            halfClose: () => undefined,
          });
        },
      ],
    });
    const client = new Client({ connection, namespace: place.namespace });
    return { client, namespace: place.namespace, taskQueue: 'tidegate' };
  };

  it('are registered once, and found from then on', async () => {
    const temporal = await connectionOf([]);
    const { log, logged } = recordingLog();
    expect(await ensureSearchAttributes(temporal, log)).toEqual(searchAttributeNames);
    expect(await ensureSearchAttributes(temporal, log)).toEqual(searchAttributeNames);
    expect(logged).toEqual([]);
    await temporal.client.connection.close();
  });

  it.each([[['AddSearchAttributes']], [['AddSearchAttributes', 'ListSearchAttributes']]])(
    'are left out where %j is refused, and the log says how to register them',
    async (refused) => {
      const temporal = await connectionOf(refused);
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
