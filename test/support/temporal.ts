import { randomBytes } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { testServer } from './server.ts';

export interface TestNamespace {
  readonly address: string;
  readonly namespace: string;
}

/** A new namespace on the dev server of this test run, usable when this returns; one for each test file. */
export async function createTestNamespace(): Promise<TestNamespace> {
  const address = testServer('TIDEGATE_TEST_TEMPORAL_ADDRESS');
  const namespace = `test-${randomBytes(6).toString('hex')}`;
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1 day'),
    });
    // Registered is not yet known everywhere: visibility answers last.
    const deadline = Date.now() + 15_000;
    while (!(await isKnown(connection, namespace))) {
      if (Date.now() > deadline) throw new Error(`namespace ${namespace} was registered but is not usable`);
    }
  } finally {
    await connection.close();
  }
  return { address, namespace };
}

async function isKnown(connection: Connection, namespace: string): Promise<boolean> {
  return connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 }).then(
    () => true,
    () => new Promise((resolve) => setTimeout(() => resolve(false), 25)),
  );
}
