import type { NewAssetEvent } from '../core/asset-event.ts';
import type { PassageSource } from '../core/source.ts';
import { TidegateError } from '../core/errors.ts';
import { compileAsset } from '../sdk/compile-asset.ts';
import { redactor } from '../sdk/secrets.ts';
import type { AssetIds } from '../store/asset-ids.ts';
import type { TemplateIds } from '../store/template-ids.ts';
import { registerPassages } from '../store/registration.ts';
import type { Deps } from '../temporal/deps.ts';
import { planHash } from '../temporal/plan-hash.ts';
import type { Emitted } from './emitted.ts';

/** What a worker has read of the assets. */
export interface EventCatalog {
  readonly assetIds: AssetIds;
  readonly templateIds: TemplateIds;
}

/**
 * What a task emitted as it is recorded, in that order. Assets that only came through aliases are registered.
 * @throws TidegateError `invalid_definition` when one of them clashes with another active asset; `invalid_input` when what names one, or
 * its partition, holds a secret
 */
export async function toNewEvents(
  { db, dispatcher }: Deps,
  { assetIds, templateIds }: EventCatalog,
  emitted: readonly Emitted[],
): Promise<readonly NewAssetEvent[]> {
  for (const one of emitted) requireNoSecret(one);
  const direct = emitted.filter((one) => throughOf(one).length === 0);
  const passing = emitted.filter((one) => throughOf(one).length > 0);
  const idOf = await assetIds.find(direct.map(({ outlet }) => outlet));
  const registered = await registerPassages(
    db,
    passing.map((one) => ({ asset: withoutSecrets(compileAsset(one.outlet)), through: throughOf(one) })),
    planHash,
  );
  dispatcher.notify(registered.changed);
  const events = emitted.map(({ outlet, extra, partitionKey, ...rest }) => {
    const through = throughOf(rest).map((passage) => registered.through(passage));
    const assetId = through.length === 0 ? idOf(outlet) : registered.asset(outlet);
    return { ...{ assetId, extra: withoutSecrets(extra), partitionKey }, through };
  });
  // Whoever waits for a template waits for its instances, however they are updated.
  const templatesOf = await templateIds.find(events.map(({ assetId }) => assetId));
  return events.map(({ through, ...event }) => ({
    ...event,
    aliasIds: [...new Set([...through, ...templatesOf(event.assetId)])],
  }));
}

function throughOf({ aliases, template }: Pick<Emitted, 'aliases' | 'template'>): readonly PassageSource[] {
  return [
    ...aliases.map((name) => ({ kind: 'alias' as const, name })),
    ...(template === undefined ? [] : [{ kind: 'template' as const, name: template }]),
  ];
}

/** Another name would be another asset or partition, so these are refused. */
function requireNoSecret({ outlet, partitionKey = '' }: Emitted): void {
  const { isIn } = redactor();
  const what = isIn(partitionKey) ? 'partition' : isIn(outlet.name) || isIn(outlet.uri) ? 'asset' : undefined;
  if (what === undefined) return;
  throw new TidegateError('invalid_input', `the ${what} of an event has a secret in its name: leave it out`);
}

function withoutSecrets<Value extends object>(value: Value): Value {
  const text = JSON.stringify(value);
  const clean = redactor().jsonText(text);
  return clean === text ? value : JSON.parse(clean);
}
