import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import type { Temporal } from './deps.ts';

/** How long what was read counts: people change it seldom. */
const freshMs = 5 * 60_000;
const answerWithinMs = 2_000;

/** How long the namespace keeps the histories of workflows that ended, in milliseconds. */
export async function readNamespaceRetention({ client, namespace }: Temporal): Promise<number | null> {
  const { config } = await client.withDeadline(Date.now() + answerWithinMs, () =>
    client.workflowService.describeNamespace({ namespace }),
  );
  return optionalTsToMs(config?.workflowExecutionRetentionTtl) ?? null;
}

/** The same, asked once in a few minutes; `null` while Temporal does not answer. */
export class NamespaceRetention {
  readonly #temporal: Temporal;
  #known: { readonly ms: number | null; readonly readAt: number } | undefined;

  constructor(temporal: Temporal) {
    this.#temporal = temporal;
  }

  async read(): Promise<number | null> {
    const now = performance.now();
    if (this.#known !== undefined && now - this.#known.readAt < freshMs) return this.#known.ms;
    const ms = await readNamespaceRetention(this.#temporal).catch(() => this.#known?.ms ?? null);
    this.#known = { ms, readAt: ms === null ? now - freshMs + answerWithinMs : now };
    return ms;
  }
}
