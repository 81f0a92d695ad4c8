import {
  type SearchAttributeName,
  searchAttributeNames,
  searchAttributes,
} from '../core/search-attributes.ts';
import type { Log, Temporal } from './deps.ts';

/** `IndexedValueType` of Temporal's API. */
const typeNumbers = { KEYWORD: 2, KEYWORD_LIST: 7 } as const;
const typeWords = { KEYWORD: 'Keyword', KEYWORD_LIST: 'KeywordList' } as const;

/**
 * Registers our search attributes where that is allowed.
 * @returns those that are registered; no other may be set, for that would block a workflow
 */
export async function ensureSearchAttributes(
  temporal: Temporal,
  log: Log,
): Promise<readonly SearchAttributeName[]> {
  try {
    const missing = missingIn(await listRegistered(temporal));
    if (missing.length > 0) await register(temporal, missing);
    return await listRegistered(temporal);
  } catch (error) {
    // A worker that starts at the same time may have registered what was refused here.
    const registered = await listRegistered(temporal).catch(() => []);
    const missing = missingIn(registered);
    if (missing.length > 0) {
      log.warn('search attributes are not registered, runs cannot be searched by them', {
        reason: error instanceof Error ? error.message : String(error),
        remedy: `temporal operator search-attribute create --namespace ${temporal.namespace} ${optionsFor(missing)}`,
      });
    }
    return registered;
  }
}

async function listRegistered({ client, namespace }: Temporal): Promise<readonly SearchAttributeName[]> {
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace });
  return searchAttributeNames.filter((name) => customAttributes?.[name] === typeNumber(name));
}

async function register(
  { client, namespace }: Temporal,
  names: readonly SearchAttributeName[],
): Promise<void> {
  const added = Object.fromEntries(names.map((name) => [name, typeNumber(name)]));
  await client.connection.operatorService.addSearchAttributes({ namespace, searchAttributes: added });
}

function missingIn(registered: readonly SearchAttributeName[]): readonly SearchAttributeName[] {
  return searchAttributeNames.filter((name) => !registered.includes(name));
}

/** Of the command that registers them by hand. */
function optionsFor(names: readonly SearchAttributeName[]): string {
  return names.map((name) => `--name ${name} --type ${typeWords[searchAttributes[name]]}`).join(' ');
}

function typeNumber(name: SearchAttributeName): number {
  return typeNumbers[searchAttributes[name]];
}
