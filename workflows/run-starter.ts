import { log, ParentClosePolicy, startChild } from '@temporalio/workflow';
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
  /** Until then the consumer may not end. */
  haveAllStarted(): boolean;
}

export function createRunStarter(): RunStarter {
  let starting = 0;
  return {
    start({ dagId, definition, searchAttributes }, { runId, attempt, trigger }) {
      const { plan, version } = definition;
      if (plan === null) return;
      starting += 1;
      startChild<typeof dagRun>('dagRun', {
        ...runStartOptions({ dagId, runId, attempt, trigger, version, plan, searchAttributes }),
        parentClosePolicy: ParentClosePolicy.ABANDON,
      })
        .catch((error: unknown) =>
          log.info('run has a workflow already', { dagId, runId, error: String(error) }),
        )
        .finally(() => {
          starting -= 1;
        });
    },
    haveAllStarted: () => starting === 0,
  };
}
