import type { EventSource } from './asset-event.ts';
import type { Condition } from './condition.ts';
import type { OnMissing } from './deadline.ts';
import type { Duration } from './duration.ts';
import type { EventFilterInput } from './event-filter.ts';
import type { BatchInput, SettleInput } from './gate-options.ts';
import type { Settle } from './gate.ts';
import type { Partitions } from './judge.ts';
import type { PartitionedInput } from './partitioned.ts';
import type { JsonObject } from './json.ts';
import type { StartFrom, WhilePaused } from './run-plan.ts';
import type { Source } from './source.ts';

/** A consumer, and what happens to it, in order. */
export interface Scenario {
  /** `null` where events start nothing. */
  readonly condition: Condition<Source> | null;
  /** Whether runs by time and by hand consume what is queued when they are let in. */
  readonly requestedRunsConsume: boolean;
  /** Whether runs by time wait for the condition, and consume. */
  readonly ticksWait?: true;
  readonly maxActiveRuns: number;
  readonly whilePaused: WhilePaused;
  readonly startFrom: StartFrom;
  readonly settle?: Settle;
  readonly takes?: number;
  readonly deadline?: OnMissing;
  readonly partitions?: Partitions;
  readonly steps: readonly ScenarioStep[];
}

export type ScenarioStep =
  /** Updates that are recorded together and judged once. */
  | { readonly kind: 'record'; readonly events: readonly ScenarioEvent[] }
  /** The oldest active runs end. */
  | { readonly kind: 'finishRun'; readonly count: number }
  /** The run that got a slot as the nth, from 0, ends. */
  | { readonly kind: 'endRun'; readonly nth: number }
  /** Somebody asks for a run. */
  | { readonly kind: 'manualRun' }
  /** A time of the schedule has come. */
  | { readonly kind: 'timeTick'; readonly at: number }
  /** A deadline comes. */
  | { readonly kind: 'deadline'; readonly at: number }
  | { readonly kind: 'pause' | 'unpause' }
  /** The consumer comes into being; without such a step it is there before the first. */
  | { readonly kind: 'register' }
  /** The queue of what is named so, or all of it, is cleared. */
  | { readonly kind: 'clear'; readonly name: string | null }
  | { readonly kind: 'advance'; readonly to: number };

/** One update of an asset. */
export interface ScenarioEvent {
  readonly asset: string;
  /** Aliases it came through. */
  readonly via: readonly string[];
  readonly partition: string | null;
  readonly extra: JsonObject;
  readonly at: number;
  /** Templated assets it is an instance of. */
  readonly templates?: readonly string[];
  /** @defaultValue that somebody recorded it over HTTP */
  readonly source?: EventSource;
  /** What a run lists it as. @defaultValue its asset and its number among the updates of it */
  readonly label?: string;
}

/**
 * A schedule as a scenario writes it: an asset by its name, a list that means all of it, a condition, or `null` for nothing. With a time
 * its runs by time wait for the condition (`and`), or do not (`or`); which times these are, the steps say.
 */
export type ScheduleJson =
  | ConditionJson
  | { readonly time: true; readonly and: ConditionJson }
  | { readonly time: true; readonly or: ConditionJson; readonly consume?: boolean };

export type ConditionJson =
  | null
  | string
  | readonly ConditionJson[]
  | ({ readonly asset: string } & LeafJson)
  | ({ readonly alias: string } & LeafJson)
  | { readonly all: readonly ConditionJson[] }
  | { readonly any: readonly ConditionJson[] }
  | { readonly atLeast: number; readonly of: readonly ConditionJson[] };

/** What a leaf may ask for beside an update. */
export interface LeafJson {
  readonly count?: number;
  readonly where?: EventFilterInput;
  readonly expireAfter?: Duration;
}

/** An event as a scenario writes it; `Name` is what stands for an asset. */
export interface EventJson<Name = string> {
  readonly event: Name;
  /** Aliases it came through. */
  readonly via?: readonly string[];
  readonly partition?: string | null;
  readonly extra?: JsonObject;
  /** When it is recorded, not before what is above it. @defaultValue a second after the event before */
  readonly at?: string | Date;
}

/** A step as a scenario writes it; `Name` is what stands for an asset. */
export type StepJson<Name = string> =
  | EventJson<Name>
  /** Recorded together, and judged once. */
  | { readonly batch: readonly (Name | EventJson<Name>)[] }
  /** So many of the oldest active runs end. */
  | { readonly finishRun: number }
  | { readonly pause: true }
  | { readonly unpause: true }
  | { readonly manualRun: true }
  | { readonly timeTick: true }
  /** A deadline comes; what is recorded at the same time above it counts. */
  | { readonly deadline: true }
  /** Clears the queue of one asset or alias, or with `true` all of it. */
  | { readonly clear: Name | true }
  /** Here the consumer comes into being: what is above is history. */
  | { readonly register: true }
  /** Moves the clock, by a duration such as `'10m'`. */
  | { readonly advance: string | number };

/** What a scenario may say beside its schedule and its steps. */
export interface ScenarioOptions {
  /** Most runs at a time, 1 to 1,000. @defaultValue 16 */
  readonly maxActiveRuns?: number;
  /** What becomes of events that come during a pause. @defaultValue `'keep'` */
  readonly whilePaused?: WhilePaused;
  /** Which older events the first run lists. @defaultValue `'now'` */
  readonly startFrom?: string | Date;
  /** How long after each other the parts of the condition may be met. @defaultValue for ever */
  readonly within?: Duration;
  /** How long a run waits for more once its condition is met. @defaultValue not at all */
  readonly settle?: SettleInput;
  /** What happens at a deadline when something is missing; as a DAG has it, though its times are those of the steps. @defaultValue none */
  readonly deadline?: { readonly onMissing: OnMissing; readonly cron?: string; readonly timezone?: string };
  /** Whether runs are by partition, and by which keys. @defaultValue false */
  readonly partitioned?: PartitionedInput;
  /** With `'any'` events of partitions count like others, where runs are not by partition. @defaultValue `'none'` */
  readonly partitions?: 'none' | 'any';
  /** How many queued events a run takes. @defaultValue `'all'` */
  readonly batch?: BatchInput;
}
