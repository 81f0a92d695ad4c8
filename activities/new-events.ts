import type { NewAssetEvent } from '../core/asset-event.ts';
import { compileAsset } from '../sdk/compile-asset.ts';
import type { AssetIds } from '../store/asset-ids.ts';
import { registerPassages } from '../store/registration.ts';
import type { Deps } from '../temporal/deps.ts';
import { planHash } from '../temporal/plan-hash.ts';
import type { Emitted } from './emitted.ts';

/**
 * What a task emitted as it is recorded, in that order. Assets that only came through aliases are registered.
 * @throws TidegateError `invalid_definition` when one of them clashes with another active asset
 */
export async function toNewEvents(
  { db, dispatcher }: Deps,
  assetIds: AssetIds,
  emitted: readonly Emitted[],
): Promise<readonly NewAssetEvent[]> {
  const direct = emitted.filter(({ aliases }) => aliases.length === 0);
  const passing = emitted.filter(({ aliases }) => aliases.length > 0);
  const idOf = await assetIds.find(direct.map(({ outlet }) => outlet));
  const registered = await registerPassages(
    db,
    passing.map(({ outlet, aliases }) => ({ asset: compileAsset(outlet), aliases })),
    planHash,
  );
  dispatcher.notify(registered.changed);
  return emitted.map(({ outlet, extra, partitionKey, aliases }) =>
    aliases.length === 0
      ? { assetId: idOf(outlet), extra, partitionKey }
      : {
          ...{ assetId: registered.asset(outlet), extra, partitionKey },
          aliasIds: aliases.map((name) => registered.alias(name)),
        },
  );
}
