/** How long a project keeps what it wrote down, in milliseconds; absent is for ever. */
export interface RetentionPlan {
  /** Runs with their tasks, results and logs, from their end. */
  readonly runsMs?: number;
  /** Lines of task logs, from the end of their run, where they go before it. */
  readonly logsMs?: number;
  /** Asset events with what became of them, from when they were recorded. */
  readonly eventsMs?: number;
  /** Steps of consumers, from the end of the life they belong to. */
  readonly stepsMs?: number;
}

/** What has an age of its own, in the order in which it is deleted: an event may be what a run consumed. */
export const retained = ['logs', 'runs', 'events', 'steps'] as const;
export type Retained = (typeof retained)[number];

/** Nothing younger is deleted: a run may just have ended, and a request may be sent again. */
export const leastRetentionMs = 3_600_000;

/** The age at which one kind goes; `undefined` where it stays. */
export function ageOf(plan: RetentionPlan, kind: Retained): number | undefined {
  return { logs: plan.logsMs, runs: plan.runsMs, events: plan.eventsMs, steps: plan.stepsMs }[kind];
}
