import { brand, isBranded } from './brand.ts';

/** What a project's `tidegate.config.ts` may say. */
export interface ProjectConfig {
  /** Globs of the DAG files, relative to the project. @defaultValue `['dags/**\/*.ts']` */
  readonly dags?: readonly string[];
  /** Task queue of DAGs and tasks that name none. */
  readonly taskQueue?: string;
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
