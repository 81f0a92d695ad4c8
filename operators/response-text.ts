import { NonRetryable } from '../sdk/index.ts';

/** Largest body that is read. */
export const maxBodyBytes = 1_048_576;

/**
 * The body of a response; read no further than it may be long.
 * @throws NonRetryable when it is above 1 MiB
 */
export async function readText(response: Response, title: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    // Leaving the loop cancels the rest.
    if (bytes > maxBodyBytes)
      throw new NonRetryable(
        `the answer to ${title} is larger than the ${maxBodyBytes} bytes that are read: ask for less, or fetch it in code of your own`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
