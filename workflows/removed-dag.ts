import type { Definition } from '../core/definition.ts';
import type { DagId } from '../core/ids.ts';
import type { Life } from './life.ts';

/** What is left of a consumer once its DAG is gone: nothing opens, and nothing is left to do. */
export function lifeOfRemoved(dagId: DagId): Life {
  const terms = { maxActiveRuns: 0, requestedRunsConsume: false };
  const definition: Definition = {
    ...{ version: 0, plan: null, condition: null, assets: {}, whilePaused: 'keep', ...terms },
  };
  const gate = { condition: null, watermark: 0, midBatch: false, queued: {} };
  const consumer = { ...terms, gate, isPaused: false, activeRuns: [], hasRequests: false };
  return {
    ...{ dagId, log: '', epoch: 0, steps: 0, definition, consumer, uncheckpointed: 0 },
    ...{ searchAttributes: [], isOver: true },
  };
}
