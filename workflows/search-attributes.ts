import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import { type SearchAttributeName, searchAttributeNames } from '../core/search-attributes.ts';

/** What a workflow can be found by; values are keyword lists, so one attribute type serves all. */
export type Findable = Partial<Readonly<Record<keyof typeof searchAttributeNames, readonly string[]>>>;

/** Longest value that visibility stores on every database. */
const maxValueLength = 255;
/** Most assets a workflow is indexed by. */
const maxValues = 50;

/** The pairs to set, of those attributes that are registered: setting another one would block the workflow for good. */
export function searchAttributePairs(
  registered: readonly SearchAttributeName[],
  findable: Findable,
): SearchAttributePair[] {
  return Object.entries(searchAttributeNames).flatMap(([key, name]) => {
    const values = findable[key as keyof Findable]?.filter((value) => value.length <= maxValueLength) ?? [];
    if (values.length === 0 || !registered.includes(name)) return [];
    return [{ key: defineSearchAttributeKey(name, 'KEYWORD_LIST'), value: values.slice(0, maxValues) }];
  });
}
