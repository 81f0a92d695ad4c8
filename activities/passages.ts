import { assetKey, type AssetRef } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { canonicalJson } from '../core/json.ts';
import type { Alias, AnyAsset, EmitOptions } from '../sdk/index.ts';
import { isAlias, isAsset } from '../sdk/source.ts';
import { clashOf } from '../store/asset-clash.ts';
import { cannotRegister } from '../store/registration.ts';
import type { Emitted } from './emitted.ts';
import { checkedExtra } from './emitted-extra.ts';

/** What is known of the assets beside which one is to be registered. */
export interface Room {
  /** An asset with all that the project says of it. */
  describe(asset: AnyAsset): AnyAsset;
  /** The asset that a templated one stands for in this run; any other as it is. */
  instanceOf(asset: AnyAsset, partitionKey: string | undefined): AnyAsset;
  /** Why it cannot be registered, or nothing. */
  clashOf(asset: AssetRef): string | undefined;
}

/** Updates through aliases: one event for each asset, extra and partition, however many aliases and calls it came by. */
export interface Passages {
  add(through: Alias | readonly Alias[], asset: AnyAsset, event?: EmitOptions<object>): void;
  list(): readonly Emitted[];
  /** How many events there are, and how often they came through an alias. */
  readonly events: number;
  readonly passages: number;
}

export function createPassages(
  declared: readonly Alias[],
  room: Room,
  keyOfEvent: (partition: string | null | undefined) => string | undefined,
): Passages {
  const names = new Set(declared.map(({ name }) => name));
  const updates = new Map<string, Omit<Emitted, 'aliases'> & { readonly aliases: Set<string> }>();
  const assets = new Map<string, AssetRef>();
  let passages = 0;

  const register = (given: AnyAsset, partitionKey: string | undefined) => {
    if (!isAsset(given)) {
      throw new TidegateError(
        'invalid_input',
        "emit.via takes the asset that was updated behind the alias: write emit.via(alias, asset('…'))",
      );
    }
    const instance = instanceIn(room, room.describe(given), partitionKey);
    const asset = instance.outlet;
    const own = [assets.get(`name ${asset.name}`), assets.get(`uri ${asset.uri}`)];
    const reason =
      room.clashOf(asset) ??
      clashOf(
        asset,
        own.filter((other) => other !== undefined),
      );
    if (reason !== undefined) throw cannotRegister(asset, reason);
    assets.set(`name ${asset.name}`, asset).set(`uri ${asset.uri}`, asset);
    return instance;
  };

  return {
    add(through, given, { extra = {}, partition } = {}) {
      const aliases = [through].flat().map((alias) => declaredName(alias, names));
      if (aliases.length === 0)
        throw new TidegateError('invalid_input', 'emit.via is given no alias: write emit.via(alias, …)');
      const instance = register(given, keyOfEvent(partition));
      const update = {
        ...{ ...instance, extra: checkedExtra(instance.outlet, extra) },
        aliases: new Set<string>(),
      };
      const key = canonicalJson([assetKey(instance.outlet), update.extra, update.partitionKey ?? null]);
      const known = updates.get(key) ?? update;
      updates.set(key, known);
      const before = known.aliases.size;
      for (const name of aliases) known.aliases.add(name);
      passages += known.aliases.size - before;
    },
    list: () => [...updates.values()].map(({ aliases, ...update }) => ({ ...update, aliases: [...aliases] })),
    get events() {
      return updates.size;
    },
    get passages() {
      return passages;
    },
  };
}

/**
 * An outlet as it is in this run: where it is templated, the instance, and the template it comes through.
 * @throws TidegateError where the run has no value for it, or the instance cannot be registered
 */
export function instanceIn(
  room: Room,
  outlet: AnyAsset,
  partitionKey: string | undefined,
): Pick<Emitted, 'outlet' | 'partitionKey' | 'template'> {
  if (outlet.template === undefined) return { outlet, partitionKey };
  const instance = room.instanceOf(outlet, partitionKey);
  const reason = room.clashOf(instance);
  if (reason !== undefined) throw cannotRegister(instance, reason);
  return { outlet: instance, partitionKey, template: outlet.name };
}

function declaredName(alias: Alias, names: ReadonlySet<string>): string {
  if (!isAlias(alias)) {
    throw new TidegateError(
      'invalid_input',
      "emit.via takes aliases first: write emit.via(alias('…'), asset('…'))",
    );
  }
  if (names.has(alias.name)) return alias.name;
  const known = [...names].join(', ');
  throw new TidegateError(
    'undeclared_outlet',
    `alias ${alias.name} is not an outlet of this task: add it to 'outlets' (declared: ${known === '' ? 'none' : known})`,
  );
}
