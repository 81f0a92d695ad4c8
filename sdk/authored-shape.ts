import type { CallbackKind } from '../core/callback.ts';
import type { Duration } from '../core/duration.ts';
import type { ToleratedInput } from '../core/tolerated-failures.ts';
import type { AuthoredOver } from './mapped-over.ts';
import type { TaskHandle } from './task.ts';

/** What is special about a task, as its author wrote it. */
export type AuthoredShape =
  | ({ readonly kind: 'mapped'; readonly over: AuthoredOver } & MapOptions)
  | { readonly kind: 'branch' }
  | { readonly kind: 'short_circuit'; readonly skips: 'all' | 'next' }
  | { readonly kind: 'wait'; readonly wait: WaitInput }
  | ({ readonly kind: 'poke' } & PokeOptions)
  | { readonly kind: 'callback'; readonly on: Exclude<CallbackKind, 'late'> }
  | { readonly kind: 'callback'; readonly on: 'late'; readonly after: Duration };

/** How long a wait takes: so long from when it may start, or until the instant (ISO 8601) that a task returned; at once when that has passed. */
export type WaitInput = { readonly for: Duration } | { readonly until: TaskHandle<string> };

/** What may become of instances of a mapped task. */
export interface MapOptions {
  /**
   * How many instances may fail without the task: so many, or a share of all as in `'5%'`, rounded down. What it returns is then of those that
   * succeeded, at least one. @defaultValue 0
   */
  readonly toleratedFailures?: ToleratedInput;
}

/** How often a condition is asked, and for how long. */
export interface PokeOptions {
  /** Pause between two looks, one second to a day. @defaultValue `'30s'` */
  readonly every?: Duration;
  /** Longest it waits, from its first look. @defaultValue no limit */
  readonly giveUpAfter?: Duration;
  /** Whether it then fails or skips. @defaultValue `'fail'` */
  readonly onTimeout?: 'fail' | 'skip';
}

/** Which part of what is behind a short circuit it skips. */
export interface ShortCircuitOptions {
  /** `'all'` skips everything behind it; with `'next'` the tasks right behind it are skipped, and trigger rules decide about the rest. @defaultValue `'all'` */
  readonly skips?: 'all' | 'next';
}
