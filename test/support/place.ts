import { createTestDatabase } from './postgres.ts';
import { createTestNamespace } from './temporal.ts';

/** A database and a namespace of their own, for processes that are told of them by variables. */
export interface TestPlace {
  readonly variables: Readonly<Record<'DATABASE_URL' | 'TEMPORAL_ADDRESS' | 'TEMPORAL_NAMESPACE', string>>;
  remove(): Promise<void>;
}

export async function createTestPlace(): Promise<TestPlace> {
  const [database, { address, namespace }] = await Promise.all([createTestDatabase(), createTestNamespace()]);
  return {
    variables: { DATABASE_URL: database.url, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace },
    remove: () => database.drop(),
  };
}
