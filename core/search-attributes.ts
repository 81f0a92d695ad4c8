/**
 * Search attributes by which people find workflows in Temporal's Web UI, with their types; only those found registered are ever
 * set. Databases allow few of each type (three keyword lists on SQLite and Postgres).
 */
export const searchAttributes = {
  TidegateDag: 'KEYWORD',
  TidegateAssets: 'KEYWORD_LIST',
  TidegateState: 'KEYWORD',
  TidegateTrigger: 'KEYWORD',
  TidegatePartition: 'KEYWORD',
} as const;

export type SearchAttributeName = keyof typeof searchAttributes;

export const searchAttributeNames: readonly SearchAttributeName[] = [
  'TidegateDag',
  'TidegateAssets',
  'TidegateState',
  'TidegateTrigger',
  'TidegatePartition',
];
