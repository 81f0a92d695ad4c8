import { Client, type ClientOptions, Connection, isGrpcServiceError } from '@temporalio/client';
import { TidegateError } from '../core/errors.ts';
import type { Temporal } from './deps.ts';

export interface TemporalOptions {
  /** Host and port. */
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Of Temporal Cloud; implies TLS. */
  readonly apiKey?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly interceptors?: NonNullable<ClientOptions['interceptors']> | undefined;
}

/** How a client and a worker reach the same server. */
export function connectionOptions({ address, apiKey, tls }: TemporalOptions) {
  const isSecure = tls ?? apiKey !== undefined;
  return { address, ...(isSecure ? { tls: true } : {}), ...(apiKey === undefined ? {} : { apiKey }) };
}

/**
 * Connects, and makes sure that the namespace is there.
 * @throws TidegateError `temporal_unreachable` when the server does not answer or lacks the namespace
 */
export async function connectTemporal(options: TemporalOptions): Promise<Temporal> {
  const { address, namespace, taskQueue, interceptors } = options;
  try {
    const connection = await Connection.connect({ ...connectionOptions(options), connectTimeout: '10s' });
    await connection.workflowService.describeNamespace({ namespace });
    const client = new Client({
      connection,
      namespace,
      ...(interceptors === undefined ? {} : { interceptors }),
    });
    return { client, namespace, taskQueue };
  } catch (error) {
    const reason = isGrpcServiceError(error) ? error.details || error.message : String(error);
    throw new TidegateError(
      'temporal_unreachable',
      `TEMPORAL_ADDRESS ${address}, TEMPORAL_NAMESPACE ${namespace}: Temporal does not answer: ${reason}`,
      { cause: error },
    );
  }
}
