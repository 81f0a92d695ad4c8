import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import { type SearchAttributeName, searchAttributeNames } from '../core/search-attributes.ts';

/** What a workflow can be found by. */
export interface Findable {
  readonly TidegateDag?: string;
  readonly TidegateAssets?: readonly string[];
  readonly TidegateState?: string;
  readonly TidegateTrigger?: string;
}

/** Longest value that every visibility database stores. */
const maxValueLength = 255;
/** Most assets a workflow is indexed by. */
const maxAssets = 50;

/** The pairs to set, of those attributes that are registered: setting another one would block the workflow for good. */
export function searchAttributePairs(
  registered: readonly SearchAttributeName[],
  findable: Findable,
): SearchAttributePair[] {
  return searchAttributeNames.flatMap((name): SearchAttributePair[] => {
    if (!registered.includes(name)) return [];
    if (name === 'TidegateAssets') {
      const value = (findable.TidegateAssets ?? []).filter((asset) => asset.length <= maxValueLength);
      const key = defineSearchAttributeKey(name, 'KEYWORD_LIST');
      return value.length === 0 ? [] : [{ key, value: value.slice(0, maxAssets) }];
    }
    const value = name === 'TidegatePartition' ? undefined : findable[name];
    return value === undefined ? [] : [{ key: defineSearchAttributeKey(name, 'KEYWORD'), value }];
  });
}

/** Makes this workflow findable; with nothing to set it does nothing, for Temporal refuses an empty command for ever. */
export function makeFindable(registered: readonly SearchAttributeName[], findable: Findable): void {
  const pairs = searchAttributePairs(registered, findable);
  if (pairs.length > 0) upsertSearchAttributes(pairs);
}
