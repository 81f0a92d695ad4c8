import { Client, Connection } from '@temporalio/client';
import { Client as Database } from 'pg';
import { createTestDatabase } from '../support/postgres.ts';
import { createTestNamespace } from '../support/temporal.ts';

describe('the servers of a test run', () => {
  it('give each file a database of its own, in UTF-8 and ordered by code point', async () => {
    const database = await createTestDatabase();
    const client = new Database({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      `select current_setting('server_encoding') as encoding, array(select x from unnest(array['ä', 'b', 'Z']) x order by x) as sorted`,
    );
    await client.end();
    await database.drop();
    expect(rows).toEqual([{ encoding: 'UTF8', sorted: ['Z', 'b', 'ä'] }]);
  });

  it('give each file a namespace that takes workflows at once', async () => {
    const { address, namespace } = await createTestNamespace();
    const connection = await Connection.connect({ address });
    const { workflow } = new Client({ connection, namespace });
    const handle = await workflow.start('nobody', { taskQueue: 'nobody', workflowId: 'waits' });
    const { status } = await handle.describe();
    await connection.close();
    expect(status.name).toBe('RUNNING');
  });
});
