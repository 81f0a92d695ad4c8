import type { Command } from 'commander';
import { Asset, AssetCollection } from '../api/contract/assets.ts';
import { parseAssetUri } from '../core/asset-uri.ts';
import { type Api, pathOf } from './api-client.ts';
import { wholeNumber } from './arguments.ts';
import { CommandFailure, invalid } from './command-failure.ts';
import { exitStatus } from './exit-status.ts';

/** How an asset is named on the command line. */
export interface AssetOptions {
  readonly name?: string;
  readonly uri?: string;
  readonly id?: number;
}

export function choosesAsset(command: Command): Command {
  return command
    .option('--name <name>', 'the one of this name')
    .option('--uri <uri>', 'the asset of this URI')
    .option('--id <id>', 'the asset of this id', wholeNumber);
}

/** @throws CommandFailure unless exactly one of the options was given */
export function requireOne({ name, uri, id }: AssetOptions): void {
  const given = [name, uri, id].filter((value) => value !== undefined).length;
  if (given !== 1) throw invalid('exactly one of --name, --uri and --id is expected');
}

/**
 * @throws CommandFailure when there is no such asset, or several
 * @throws TidegateError `invalid_uri`
 */
export async function findAsset(api: Api, options: AssetOptions): Promise<Asset> {
  requireOne(options);
  const { name, id } = options;
  // Assets have one spelling of their URI; people have several.
  const uri = options.uri === undefined ? undefined : parseAssetUri(options.uri);
  if (id !== undefined) return api.get(Asset, pathOf`/api/v2/assets/${id}`);
  const { assets } = await api.get(AssetCollection, '/api/v2/assets', {
    name_prefix_pattern: name,
    uri_prefix_pattern: uri,
    // What has exactly this name stands before what only begins with it.
    order_by: name === undefined ? 'uri' : 'name',
    only_active: false,
    limit: 100,
  });
  const [asset, ...others] = assets.filter((each) =>
    name === undefined ? each.uri === uri : each.name === name,
  );
  const wanted = name === undefined ? `URI ${JSON.stringify(uri)}` : `name ${JSON.stringify(name)}`;
  if (asset === undefined) {
    throw new CommandFailure(
      exitStatus.failed,
      `no asset has the ${wanted}: \`tidegate assets list\` shows all`,
    );
  }
  if (others.length > 0) {
    const ids = [asset, ...others].map((each) => each.id).join(', ');
    throw new CommandFailure(
      exitStatus.invalid,
      `several assets have the ${wanted}: use --id with one of ${ids}`,
    );
  }
  return asset;
}
