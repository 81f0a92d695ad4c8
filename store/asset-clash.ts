import type { AssetRef } from '../core/asset-uri.ts';
import { quote } from '../core/ids.ts';

/** Why an asset cannot be active beside others, or nothing: among active assets each name and each URI is unique. */
export function clashOf({ name, uri }: AssetRef, others: Iterable<AssetRef>): string | undefined {
  for (const other of others) {
    if (other.name === name && other.uri !== uri) {
      return `the active asset ${quote(name)} has another URI, ${other.uri}: give this one another name`;
    }
    if (other.uri === uri && other.name !== name) {
      return `the active asset ${quote(other.name)} has this URI: use that asset, or another URI`;
    }
  }
  return undefined;
}
