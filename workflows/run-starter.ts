import { condition, log, ParentClosePolicy, startChild } from '@temporalio/workflow';
import { maxAskedAtOnce } from '../core/consumer.ts';
import type { Definition } from '../core/definition.ts';
import type { DagId, RunId } from '../core/ids.ts';
import type { SearchAttributeName } from '../core/search-attributes.ts';
import type { dagRun, DagRunInput } from './dag-run.ts';
import { runStartOptions } from './run-start.ts';

/** A run that was opened or let in, and now gets its workflow. */
export interface RunToStart {
  readonly runId: RunId;
  readonly attempt: number;
  readonly trigger: DagRunInput['trigger'];
  readonly partitionKey?: string;
  /** Set where it is not the version in force: that of a later attempt is its first one's. */
  readonly version?: number;
}

interface Starter {
  readonly dagId: DagId;
  readonly definition: Definition;
  readonly searchAttributes: readonly SearchAttributeName[];
}

/** Starts the workflows of runs and does not wait for them one by one. */
export interface RunStarter {
  /** One that exists is the same run, started by somebody else. */
  start(starter: Starter, run: RunToStart): void;
  /** Resolves once so many more runs may be started: those that were told to Temporal before make room by having started. */
  hasRoomFor(definition: Definition, count: number): Promise<void>;
  /** Until then the consumer may not end. */
  haveAllStarted(): boolean;
}

/**
 * Most bytes of plans that one answer to Temporal carries: each start of a run has its own, and an answer above 4 MB is refused for
 * ever.
 */
const maxBytesAtOnce = 1_024 * 1_024;
/** What a start takes beside its plan. */
const startBytes = 2_048;

function bytesOf({ plan }: Definition): number {
  return startBytes + JSON.stringify(plan).length;
}

/** Most runs of a definition that are opened and started at once. */
export function mostStarted(definition: Definition): number {
  return Math.max(1, Math.min(maxAskedAtOnce, Math.floor(maxBytesAtOnce / bytesOf(definition))));
}

/** A later attempt reads the plan of its run by itself: this consumer may have another one by now. */
const unread: DagRunInput['plan'] = { tasks: [] };

export function createRunStarter(): RunStarter {
  let starting = 0;
  let bytes = 0;
  return {
    async hasRoomFor(definition, count) {
      if (starting > 0 && bytes + count * bytesOf(definition) > maxBytesAtOnce) {
        // Waiting ends the workflow task, and with it the answer.
        await condition(() => starting === 0);
      }
    },
    start({ dagId, definition, searchAttributes }, run) {
      const { plan, version } = definition;
      if (plan === null) return;
      starting += 1;
      bytes += bytesOf(definition);
      startChild<typeof dagRun>('dagRun', {
        ...runStartOptions({
          ...{ dagId, version, searchAttributes, ...run },
          plan: run.attempt === 1 ? plan : unread,
        }),
        parentClosePolicy: ParentClosePolicy.ABANDON,
      })
        .catch((error: unknown) =>
          log.info('run has a workflow already', { dagId, runId: run.runId, error: String(error) }),
        )
        .finally(() => {
          starting -= 1;
          if (starting === 0) bytes = 0;
        });
    },
    haveAllStarted: () => starting === 0,
  };
}
