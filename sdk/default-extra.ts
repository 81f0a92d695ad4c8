import { storableExtra } from '../core/asset-event.ts';
import type { JsonObject } from '../core/json.ts';
import type { AnyAsset } from './asset.ts';

/**
 * The extra of an event that nobody says anything about: the defaults of the asset's schema, as they are stored. `undefined` where it asks
 * for more than defaults.
 * @throws TidegateError `extra_too_large` or `invalid_input` when the defaults cannot be stored
 */
export function defaultExtra(asset: AnyAsset): JsonObject | undefined {
  const parsed = asset.eventExtra?.safeParse({}) ?? { success: true as const, data: {} };
  return parsed.success ? JSON.parse(storableExtra(parsed.data, asset.name)) : undefined;
}
