import type { Client } from '@temporalio/client';
import type { Db } from '../store/database.ts';
import type { Recorder } from '../store/recorder.ts';
import type { ClosedRuns } from './closed-runs.ts';
import type { Dispatcher } from './dispatch.ts';
import type { Pools } from './pools.ts';
import type { RequestedRuns } from './requested-runs.ts';

/** The project's namespace, and the queue its workflows are taken from. */
export interface Temporal {
  readonly client: Client;
  readonly namespace: string;
  readonly taskQueue: string;
}

/** A constant lower-case message and a flat object. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** What every process of a project works with; made by a `main.ts` and by tests. */
export interface Deps {
  readonly db: Db;
  readonly recorder: Recorder;
  readonly dispatcher: Dispatcher;
  readonly closedRuns: ClosedRuns;
  readonly requestedRuns: RequestedRuns;
  readonly pools: Pools;
  readonly temporal: Temporal;
  /** Now, in epoch milliseconds. */
  readonly clock: () => number;
  readonly log: Log;
}
