import { type SearchAttributeName, searchAttributeNames } from '../core/search-attributes.ts';
import type { Log, Temporal } from './deps.ts';

/** `INDEXED_VALUE_TYPE_KEYWORD_LIST` of Temporal's API. */
const keywordList = 7;

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
    return Object.values(searchAttributeNames).filter((name) => customAttributes?.[name] === keywordList);
  };
  try {
    const before = await list();
    const missing = Object.values(searchAttributeNames).filter((name) => !before.includes(name));
    if (missing.length === 0) return before;
    const searchAttributes = Object.fromEntries(missing.map((name) => [name, keywordList]));
    await operatorService.addSearchAttributes({ namespace, searchAttributes });
    return await list();
  } catch (error) {
    const commands = Object.values(searchAttributeNames).map((name) => `--name ${name} --type KeywordList`);
    log.warn('search attributes are not registered, runs cannot be searched by them', {
      reason: error instanceof Error ? error.message : String(error),
      remedy: `temporal operator search-attribute create --namespace ${namespace} ${commands.join(' ')}`,
    });
    return await list().catch(() => []);
  }
}
