import type { AssetRef } from './asset-uri.ts';
import type { JsonObject } from './json.ts';
import type { PoolPlan } from './pool.ts';
import type { RetentionPlan } from './retention.ts';
import type { DagPlan } from './run-plan.ts';

/** An asset as it is deployed. */
export interface AssetPlan extends AssetRef {
  readonly group: string;
  /** In the order they were given, each once. */
  readonly tags: readonly string[];
  readonly description: string;
  /** People or teams, in the order they were given, each once. */
  readonly owners: readonly string[];
  /** Static data about the asset; never copied into its events. */
  readonly extra: JsonObject;
  /** JSON Schema that the extra of its events must meet; `null` accepts any object. */
  readonly eventSchema: JsonObject | null;
}

/** An alias as it is deployed. */
export interface AliasPlan {
  readonly name: string;
  readonly group: string;
}

/** A templated asset as it is deployed: what is known about its instances is known from itself. */
export interface TemplatePlan {
  readonly name: string;
  /** The template of the URIs of its instances. */
  readonly uri: string;
  readonly group: string;
}

/** A file that could not be loaded or did not compile; the others are deployed all the same. */
export interface ImportError {
  /** Relative to the project. */
  readonly file: string;
  readonly message: string;
}

/** What an author should know about a project that is deployed all the same; it is no part of the plan. */
export interface ProjectWarning {
  /** File, relative to the project, and line. */
  readonly place: string;
  readonly message: string;
}

/** Everything one deploy puts in force: plain JSON, without any code. */
export interface ProjectPlan {
  /** The same project has the same hash, on whichever machine it was compiled. */
  readonly hash: string;
  readonly dags: readonly DagPlan[];
  readonly assets: readonly AssetPlan[];
  readonly aliases: readonly AliasPlan[];
  readonly templates: readonly TemplatePlan[];
  readonly importErrors: readonly ImportError[];
  /** Absent is that everything is kept. */
  readonly retention?: RetentionPlan;
  /** In the order of their names; absent is none. */
  readonly pools?: readonly PoolPlan[];
}
