import { unreachable } from '../../core/errors.ts';
import { sourceKey } from '../../core/source.ts';
import { alias, asset, type AssetOptions, assetRef, type AnySource } from '../../sdk/index.ts';
import { isAlias, isAssetRef, isSource, sourceOf } from '../../sdk/source.ts';

const mark = 'tidegate:source';

/** A source without its schema, which is a function. */
interface WireSource {
  readonly [mark]: 'asset' | 'alias' | 'name' | 'uri';
  readonly name: string;
  readonly uri: string;
  readonly options: AssetOptions;
}

/** Arguments of a call, with sources as they can be sent. */
export function toWireArguments(args: readonly unknown[]): readonly unknown[] {
  return args.map((arg) => (Array.isArray(arg) ? arg.map(toWireSource) : toWireSource(arg)));
}

/** The same back, with the sources of the task in place of those that mean them: they have their schemas. */
export function fromWireArguments(args: readonly unknown[], own: readonly AnySource[]): readonly unknown[] {
  const known = new Map(own.map((source) => [sourceKey(sourceOf(source)), source]));
  const back = (arg: unknown): unknown => {
    if (!isWireSource(arg)) return arg;
    const source = made(arg);
    return known.get(sourceKey(sourceOf(source))) ?? source;
  };
  return args.map((arg) => (Array.isArray(arg) ? arg.map(back) : back(arg)));
}

function toWireSource(value: unknown): unknown {
  if (!isSource(value)) return value;
  const { name } = value;
  if (isAlias(value)) return { [mark]: 'alias', name, uri: '', options: {} } satisfies WireSource;
  if (isAssetRef(value)) return { [mark]: value.by, name, uri: name, options: {} } satisfies WireSource;
  const { uri, group, tags, owners, description, extra } = value;
  return {
    [mark]: 'asset',
    name,
    uri,
    options: { group, tags, owners, description, extra },
  } satisfies WireSource;
}

function made({ [mark]: kind, name, uri, options }: WireSource): AnySource {
  switch (kind) {
    case 'alias':
      return alias(name);
    case 'name':
      return assetRef({ name });
    case 'uri':
      return assetRef({ uri });
    case 'asset':
      return asset({ name, uri }, options);
    default:
      return unreachable(kind);
  }
}

function isWireSource(value: unknown): value is WireSource {
  return typeof value === 'object' && value !== null && mark in value;
}
