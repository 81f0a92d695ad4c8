import type { PoolInput } from '../core/pool-options.ts';
import type { UriLevel } from '../core/uri-level.ts';
import type { RetentionOptions } from './compile-retention.ts';
import { brand, isBranded } from './brand.ts';

/** What a project's `tidegate.config.ts` may say. */
export interface ProjectConfig {
  /** Globs of the DAG files, relative to the project. @defaultValue `['dags/**\/*.ts']` */
  readonly dags?: readonly string[];
  /** Task queue of DAGs and tasks that name none. */
  readonly taskQueue?: string;
  /**
   * What an asset's URI is that does not meet the rule of its scheme: an import error at `strict`, a warning at `warn`,
   * nothing at `off`. It changes no URI. @defaultValue `'warn'`
   */
  readonly assetUris?: UriLevel;
  /**
   * How long what was written down is kept, each kind by its own age of at least an hour: `{ runs: '90 days', logs: '14 days',
   * events: '90 days', steps: '30 days' }`. Once a day what is older is deleted. What is not named stays for ever. @defaultValue nothing is deleted
   */
  readonly retention?: RetentionOptions;
  /**
   * What tasks and runs of all DAGs share, by name: how many slots may be held at a time, how many of them for one key, and how many starts there may
   * be in which time, such as `{ warehouse: { slots: 4, slotsPerKey: 1, rate: { starts: 10, per: '1 minute' } } }`. @defaultValue none
   */
  readonly pools?: Readonly<Record<string, PoolInput>>;
}

/** A project's configuration, as its default export. */
export interface ProjectConfigDefinition extends ProjectConfig {
  readonly [brand]: 'config';
  readonly dags: readonly string[];
}

/**
 * Describes a project; the default export of `tidegate.config.ts`.
 * @example
 * ```ts
 * import { defineConfig } from 'tidegate';
 *
 * export default defineConfig({ dags: ['pipelines/*.ts'] });
 * ```
 */
export function defineConfig(config: ProjectConfig): ProjectConfigDefinition {
  return { ...config, [brand]: 'config', dags: config.dags ?? ['dags/**/*.ts'] };
}

/** Whether a value is a configuration that {@link defineConfig} made. */
export function isConfig(value: unknown): value is ProjectConfigDefinition {
  return isBranded(value, 'config');
}
