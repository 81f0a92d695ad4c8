import { maxPartitionKeyLength, storableExtra } from '../core/asset-event.ts';
import { TidegateError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { defaultExtra } from '../sdk/default-extra.ts';
import type { AnyAsset } from '../sdk/index.ts';

/**
 * What the schema of an asset makes of an extra.
 * @throws TidegateError `invalid_input` or `extra_too_large`
 */
export function checkedExtra(asset: AnyAsset, extra: object): JsonObject {
  const parsed = parseExtra(asset, extra);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? 'extra' : `extra.${issue.path.join('.')}`;
    throw new TidegateError(
      'invalid_input',
      `${where} of ${asset.name} does not meet the asset's eventExtra: ${issue?.message ?? parsed.error.message}`,
    );
  }
  return stored(asset, parsed.data);
}

/**
 * What the schema of an outlet that nobody emitted makes of no extra.
 * @throws TidegateError `invalid_input` when it asks for one
 */
export function silentExtra(outlet: AnyAsset): JsonObject {
  const extra = defaultExtra(outlet);
  if (extra === undefined) {
    throw new TidegateError(
      'invalid_input',
      `${outlet.name} was not emitted, and its eventExtra asks for an extra: emit it, or take it out of 'outlets'`,
    );
  }
  return extra;
}

/** @throws TidegateError `invalid_input` when blank or longer than 250 characters */
export function checkedKey(key: string | undefined): string | undefined {
  if (key === undefined) return undefined;
  if (key.trim() === '' || key.length > maxPartitionKeyLength) {
    throw new TidegateError(
      'invalid_input',
      `partition ${JSON.stringify(key.slice(0, 120))} is not valid: use 1 to ${maxPartitionKeyLength} characters`,
    );
  }
  return key;
}

/** Without a schema an extra is taken as it is. */
function parseExtra(asset: AnyAsset, extra: object) {
  return asset.eventExtra?.safeParse(extra) ?? { success: true as const, data: extra };
}

/** Through JSON, so that what is recorded is what the author's object is once it is stored. */
function stored(asset: AnyAsset, extra: object): JsonObject {
  const parsed: JsonObject = JSON.parse(storableExtra(extra as JsonObject, asset.name));
  return parsed;
}
