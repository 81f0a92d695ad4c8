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
  { client, namespace }: Temporal,
  log: Log,
): Promise<readonly SearchAttributeName[]> {
  const { operatorService } = client.connection;
  const list = async () => {
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    return searchAttributeNames.filter((name) => customAttributes?.[name] === typeNumber(name));
  };
  try {
    const before = await list();
    const missing = searchAttributeNames.filter((name) => !before.includes(name));
    if (missing.length === 0) return before;
    const added = Object.fromEntries(missing.map((name) => [name, typeNumber(name)]));
    await operatorService.addSearchAttributes({ namespace, searchAttributes: added });
    return await list();
  } catch (error) {
    const commands = searchAttributeNames.map(
      (name) => `--name ${name} --type ${typeWords[searchAttributes[name]]}`,
    );
    log.warn('search attributes are not registered, runs cannot be searched by them', {
      reason: error instanceof Error ? error.message : String(error),
      remedy: `temporal operator search-attribute create --namespace ${namespace} ${commands.join(' ')}`,
    });
    return await list().catch(() => []);
  }
}

function typeNumber(name: SearchAttributeName): number {
  return typeNumbers[searchAttributes[name]];
}
