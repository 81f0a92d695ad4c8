import type { z } from 'zod';
import { type AssetRef, type AssetUri, normalizeUri, parseAssetName } from '../core/asset-uri.ts';
import { TidegateError } from '../core/errors.ts';
import { quote } from '../core/ids.ts';
import type { JsonObject } from '../core/json.ts';
import { withoutCredentials } from '../core/uri-parts.ts';
import type { UriWarning } from '../core/uri-spelling.ts';
import { brand } from './brand.ts';
import { parseTags } from './tags.ts';
import { type AssetTemplate, parseAssetTemplate } from './templated.ts';
import { type Chainable, chainable } from './condition.ts';
import { placeOfCaller } from './place.ts';

declare const typesOf: unique symbol;

/**
 * A data asset as an author declares it. Compared by name and URI, never by object identity.
 * `Extra` is what readers of its events get, `Input` what producers give, which may leave out what has a default.
 */
export interface Asset<Extra extends object = JsonObject, Input extends object = Extra>
  extends AssetRef, Chainable {
  readonly [brand]: 'asset';
  readonly [typesOf]?: { readonly extra: Extra; readonly input: Input };
  /** How name and URI come about in each run; `undefined` where they are what they are. */
  readonly template: AssetTemplate | undefined;
  /** What is to be said of its URI as it was written. */
  readonly uriWarnings: readonly UriWarning[];
  readonly group: string;
  readonly tags: readonly string[];
  readonly description: string;
  readonly owners: readonly string[];
  readonly extra: JsonObject;
  /** What the extra of its events must meet; none accepts any object. */
  readonly eventExtra: z.ZodObject | undefined;
  /** Where it was declared. */
  readonly place: string;
}

/** An asset whatever its events carry. */
export type AnyAsset = Asset<object, object>;

/** What is known about an asset besides its URI. */
export interface AssetOptions<Schema extends z.ZodObject | undefined = undefined> {
  /** @defaultValue the URI as it is written */
  readonly name?: string;
  /** Assets of one group are shown together. */
  readonly group?: string;
  /** Words to select assets by, each of 1 to 100 characters. @defaultValue none */
  readonly tags?: readonly string[];
  readonly description?: string;
  /** People or teams to ask about it, each of 1 to 250 characters. @defaultValue none */
  readonly owners?: readonly string[];
  /** Static data about the asset; never copied into its events. */
  readonly extra?: JsonObject;
  /** Types the extra of the asset's events, and refuses events that do not meet it. */
  readonly eventExtra?: Schema;
}

/** What an asset is declared by; where one of name and URI is not given the other stands for it. */
export type AssetReference = string | { readonly name?: string; readonly uri?: string };

/**
 * Declares a data asset, by its URI, its name, or both; where one of them is not given the other stands for it. With `{{ ds }}` and the like
 * in it, it is a templated asset, which stands for one asset in each run.
 * @example
 * ```ts
 * import { asset } from 'tidegate';
 * import { z } from 'zod';
 *
 * export const orders = asset('s3://lake/orders', { eventExtra: z.object({ rows: z.number() }) });
 * export const rates = asset({ name: 'rates', uri: 'postgres://db/finance/public/rates' }, { group: 'finance' });
 * ```
 * @throws TidegateError `invalid_uri` or `invalid_definition` when URI, name or an owner are not valid
 */
export function asset(reference: AssetReference, options?: AssetOptions): Asset;
export function asset<Schema extends z.ZodObject>(
  reference: AssetReference,
  options: AssetOptions<Schema>,
): Asset<z.output<Schema>, z.input<Schema>>;
export function asset(
  reference: AssetReference,
  options: AssetOptions<z.ZodObject | undefined> = {},
): AnyAsset {
  const written = typeof reference === 'string' ? { uri: reference } : reference;
  const givenName = options.name ?? written.name;
  const givenUri = written.uri ?? givenName;
  if (givenUri === undefined) {
    throw new TidegateError(
      'invalid_definition',
      "an asset needs a URI or a name: write asset('s3://bucket/path')",
    );
  }
  const templated = parseAssetTemplate(givenName, givenUri);
  const { uri, warnings } = normalizeUri(templated?.sampleUri ?? givenUri);
  return chainable({
    [brand]: 'asset' as const,
    name: parseAssetName(givenName ?? nameFrom(templated?.template.uri.text ?? givenUri, warnings)),
    // Rules of URIs are for what is rendered.
    uri: templated === undefined ? uri : (templated.template.uri.text as AssetUri),
    template: templated?.template,
    uriWarnings: warnings,
    group: options.group ?? 'default',
    tags: parseTags(options.tags ?? []),
    description: options.description ?? '',
    owners: parseOwners(options.owners ?? []),
    extra: options.extra ?? {},
    eventExtra: options.eventExtra,
    place: placeOfCaller(),
  });
}

/** A URI as it is written; credentials that it must not keep would otherwise live on as its name. */
function nameFrom(uri: string, warnings: readonly UriWarning[]): string {
  return warnings.some(({ kind }) => kind === 'credentials') ? withoutCredentials(uri) : uri;
}

const maxOwnerLength = 250;

function parseOwners(owners: readonly string[]): readonly string[] {
  const isOwner = (owner: unknown): boolean =>
    typeof owner === 'string' &&
    owner.trim() !== '' &&
    owner.length <= maxOwnerLength &&
    !/\p{Cc}/u.test(owner);
  if (Array.isArray(owners) && owners.every(isOwner)) return [...new Set(owners)];
  throw new TidegateError(
    'invalid_definition',
    `owners ${quote(JSON.stringify(owners))} are not valid: write a list of names, each of 1 to ${maxOwnerLength} characters`,
  );
}
