import { assetKey } from '../core/asset-uri.ts';
import { canonicalJson } from '../core/json.ts';
import type { AssetPlan, TemplatePlan } from '../core/project-plan.ts';
import type { AnyAsset } from '../sdk/asset.ts';
import { compileAsset } from '../sdk/compile-asset.ts';

/** An asset as one file of the project means it. */
export interface AssetUse {
  readonly asset: AnyAsset;
  readonly file: string;
}

/** Why an asset cannot be deployed, for every file that means it. */
export interface AssetClash {
  readonly files: readonly string[];
  readonly message: string;
}

/** The assets of a project, each as its fullest declaration says, and those that are declared in two ways. */
export interface ProjectAssets {
  readonly assets: ReadonlyMap<string, AnyAsset>;
  readonly plans: readonly AssetPlan[];
  readonly templates: readonly TemplatePlan[];
  readonly clashes: readonly AssetClash[];
  /** Keys of the assets that clash. */
  readonly clashing: ReadonlySet<string>;
}

/** Merges what files say about assets: a bare mention defers to a full declaration, two different ones clash. */
export function mergeAssets(uses: readonly AssetUse[]): ProjectAssets {
  const byKey = new Map<string, AssetUse>();
  const owners = new Map<string, AssetUse>();
  const clashes: AssetClash[] = [];
  const clashing = new Set<string>();
  const clash = (one: AssetUse, two: AssetUse, reason: string): void => {
    clashing.add(assetKey(one.asset)).add(assetKey(two.asset));
    const message = `${reason}, at ${one.asset.place} and at ${two.asset.place}`;
    if (clashes.every((known) => known.message !== message))
      clashes.push({ files: [one.file, two.file], message });
  };

  for (const use of uses) {
    const { name, uri } = use.asset;
    const named = take(owners, `name ${name}`, use);
    if (named.asset.uri !== uri)
      clash(named, use, `asset '${name}' has two URIs, ${named.asset.uri} and ${uri}`);
    const located = take(owners, `uri ${uri}`, use);
    if (located.asset.name !== name)
      clash(located, use, `asset ${uri} has two names, '${located.asset.name}' and '${name}'`);

    const known = byKey.get(assetKey(use.asset));
    if (known === undefined || isBare(known.asset)) byKey.set(assetKey(use.asset), use);
    else if (!isBare(use.asset) && detailsOf(known.asset) !== detailsOf(use.asset)) {
      clash(known, use, `asset '${name}' is described in two ways`);
    }
  }
  const assets = [...byKey]
    .filter(([key]) => !clashing.has(key))
    .map(([key, { asset }]) => [key, asset] as const);
  return {
    assets: new Map(assets),
    plans: assets
      .filter(([, { template }]) => template === undefined)
      .map(([, asset]) => compileAsset(asset))
      .toSorted((a, b) => (assetKey(a) < assetKey(b) ? -1 : 1)),
    templates: assets
      .filter(([, { template }]) => template !== undefined)
      .map(([, { name, uri, group }]): TemplatePlan => ({ name, uri, group }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    clashes,
    clashing,
  };
}

function take(owners: Map<string, AssetUse>, half: string, use: AssetUse): AssetUse {
  const owner = owners.get(half) ?? use;
  owners.set(half, owner);
  return owner;
}

/** Whether nothing but name and URI is said about it. */
function isBare({ group, tags, description, owners, extra, eventExtra }: AnyAsset): boolean {
  const isSilent =
    description === '' && tags.length === 0 && owners.length === 0 && Object.keys(extra).length === 0;
  return group === 'default' && isSilent && eventExtra === undefined;
}

function detailsOf(asset: AnyAsset): string {
  return canonicalJson(compileAsset(asset));
}
