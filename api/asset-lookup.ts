import type { z } from 'zod';
import { parseAssetUri } from '../core/asset-uri.ts';
import { unreachable } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import { findTargets, type TargetAsset } from '../store/asset-queries.ts';
import type { Deps } from '../temporal/deps.ts';
import { readJsonSchema } from './json-schema.ts';
import { unknownAsset } from './request.ts';

/** An asset as a request names it. */
export type AssetName =
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'uri'; readonly uri: string };

/** An asset that events can be recorded for. */
export interface Target extends TargetAsset {
  /** What the extra of its events must meet; `null` accepts any object. */
  readonly extraSchema: z.ZodType | null;
}

interface Known {
  readonly target: Target;
  readonly untilAt: number;
}

/** Deploys alone change assets, so what was read counts for a moment. */
const knownForMs = 2_000;
const maxKnown = 50_000;

/** Finds the assets that requests name, most of them without asking Postgres. */
export class AssetLookup {
  readonly #deps: Deps;
  readonly #known = new Map<string, Known>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /**
   * The assets named, in that order, with at most one query.
   * @throws TidegateError `unknown_asset` for the first that is not there, `invalid_uri` for one that is no URI
   */
  async findAll(wanted: readonly AssetName[]): Promise<readonly Target[]> {
    const names = wanted.map(normalized);
    const now = this.#deps.clock();
    const missing = names.filter((name) => (this.#known.get(keyOf(name))?.untilAt ?? 0) <= now);
    const fresh = missing.length === 0 ? new Map<string, Target>() : await this.#read(missing);
    return names.map((name) => {
      const key = keyOf(name);
      const target = fresh.get(key) ?? this.#known.get(key)?.target;
      if (target === undefined) throw unknownAsset(describe(name));
      return target;
    });
  }

  async #read(names: readonly AssetName[]): Promise<ReadonlyMap<string, Target>> {
    for (const name of names) this.#known.delete(keyOf(name));
    const found = await findTargets(this.#deps.db, {
      ids: unique(names.flatMap((name) => (name.kind === 'id' ? [name.id] : []))),
      names: unique(names.flatMap((name) => (name.kind === 'name' ? [name.name] : []))),
      uris: unique(names.flatMap((name) => (name.kind === 'uri' ? [name.uri] : []))),
    });
    const fresh = new Map<string, Target>();
    for (const asset of found) {
      const { event_schema, uri } = asset;
      const extraSchema = readJsonSchema(event_schema, `events of ${uri}`, this.#deps.log);
      const target = { ...asset, extraSchema };
      for (const name of namesOf(asset)) fresh.set(keyOf(name), target);
    }
    this.#remember(fresh);
    return fresh;
  }

  #remember(fresh: ReadonlyMap<string, Target>): void {
    if (this.#known.size + fresh.size > maxKnown) this.#known.clear();
    const untilAt = this.#deps.clock() + knownForMs;
    for (const [key, target] of fresh) this.#known.set(key, { target, untilAt });
  }
}

function normalized(name: AssetName): AssetName {
  return name.kind === 'uri' ? { kind: 'uri', uri: parseAssetUri(name.uri) } : name;
}

/** Names and URIs are unique among active assets only. */
function namesOf({ id, name, uri, is_active }: TargetAsset): readonly AssetName[] {
  const byId: AssetName = { kind: 'id', id };
  return is_active ? [byId, { kind: 'name', name }, { kind: 'uri', uri }] : [byId];
}

function keyOf(name: AssetName): string {
  switch (name.kind) {
    case 'id':
      return `id ${name.id}`;
    case 'name':
      return `name ${name.name}`;
    case 'uri':
      return `uri ${name.uri}`;
    default:
      return unreachable(name);
  }
}

function describe(name: AssetName): string {
  switch (name.kind) {
    case 'id':
      return `id ${name.id}`;
    case 'name':
      return `name ${quote(name.name)}`;
    case 'uri':
      return `URI ${quote(name.uri)}`;
    default:
      return unreachable(name);
  }
}

function unique<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)];
}
