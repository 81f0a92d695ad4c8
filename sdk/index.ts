export { assetRef, type AssetByReference } from './asset-ref.ts';
export { type Alias, alias, type AliasOptions } from './alias.ts';
export { type AnyAsset, type Asset, asset, type AssetOptions, type AssetReference } from './asset.ts';
export {
  all,
  any,
  type AssetCondition,
  atLeast,
  type Chainable,
  type ConditionInput,
  type LeafOptions,
  on,
} from './condition.ts';
export {
  type AssetContext,
  type AssetsContext,
  defineAsset,
  type DefineAssetOptions,
  defineAssets,
  type Defined,
  type DefineOptions,
  type Upstream,
  type UpstreamReaders,
} from './define-asset.ts';
export { defineConfig, type ProjectConfig } from './config.ts';
export { cron, type CronSchedule } from './cron.ts';
export { envConfig, type EnvFields, type EnvValues, secret, type SecretField } from './env-config.ts';
export { every } from './every.ts';
export {
  assetAndTime,
  type AssetAndTimeSchedule,
  assetOrTime,
  type AssetOrTimeSchedule,
  type ScheduleInput,
  type TimeInput,
} from './schedule.ts';
export {
  allowedKeys,
  chain,
  fanOut,
  fixedKey,
  identity,
  product,
  rollup,
  startOf,
  type StartOfOptions,
  type WindowInput,
} from './partitions.ts';
export { select, type AssetSelector } from './select.ts';
export type { AnyLeaf, AnySource } from './source.ts';
export { simulate, type SimulationStep } from './simulate.ts';
export { dag, type DagDefinition, type DagOptions, type DeadlineInput } from './dag.ts';
export type { IsolateOptions } from './isolate.ts';
export { type ItemOf, type ItemSources, type Mappable, zip, type Zipped } from './mapped-over.ts';
export type { CallbackOptions, DagBuilder, Followed, TriggerOptions } from './dag-builder.ts';
export type { MapOptions, PokeOptions, ShortCircuitOptions, WaitInput } from './authored-shape.ts';
export type {
  RetryOptions,
  TaskDefaults,
  TaskDefinition,
  TaskGroup,
  TaskHandle,
  TaskNeeds,
  TaskOptions,
} from './task.ts';
export type {
  Emit,
  EmitNow,
  EmitOptions,
  CallbackContext,
  Heartbeat,
  MappedContext,
  Progress,
  RunInfo,
  RunTrigger,
  TaskContext,
  TaskLog,
  TriggeredRun,
  TriggerRun,
} from './task-context.ts';
export type { Load } from './load.ts';
export type {
  EventList,
  EventReader,
  Inlets,
  InstantInput,
  RecordedEvent,
  TriggeringEvents,
  WaitFor,
  WaitOptions,
} from './recorded-events.ts';
export {
  type NoResources,
  type Resource,
  resource,
  type ResourceContext,
  type ResourceMap,
  type ResourceOptions,
  type ResourceScope,
  type ServicesOf,
} from './resource.ts';
export {
  type AcceptedBy,
  type AsJson,
  type IoContext,
  type IoManager,
  ioManager,
  type IoManagerOptions,
  type ResultPlace,
  type SaveContext,
} from './io.ts';
export { NonRetryable, RetryAfter } from './retry-errors.ts';
export { TaskSkipped } from './task-skipped.ts';
export type { ScenarioOptions, ScheduleJson } from '../core/scenario.ts';
export type { SimulatedRun, SimulationResult } from '../core/simulated-run.ts';
export type { PartitionMapper, PartitionWindow } from '../core/partition-mapper.ts';
export type { CalendarUnit } from '../core/wall-time.ts';
export { TidegateError } from '../core/errors.ts';
export type { Json, JsonObject } from '../core/json.ts';
export type { EventFilterInput, FieldTest } from '../core/event-filter.ts';
