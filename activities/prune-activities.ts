import { Context } from '@temporalio/activity';
import { prune } from '../store/prune.ts';
import { readRetention } from '../store/retention.ts';
import type { Deps } from '../temporal/deps.ts';

/** What `prune` asks for. */
export interface PruneActivities {
  pruneProject(): Promise<Readonly<Record<string, number>>>;
}

export function createPruneActivities({ db, log }: Deps): PruneActivities {
  return {
    async pruneProject() {
      const context = Context.current();
      const { plan } = await readRetention(db);
      if (plan === null) return {};
      const removed = await prune(db, plan, {
        signal: context.cancellationSignal,
        onStep: () => context.heartbeat(),
      });
      log.info('pruned', removed);
      return removed;
    },
  };
}
