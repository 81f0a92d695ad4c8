/** Search attributes by which people find workflows in Temporal's Web UI; only those found registered are ever set. */
export const searchAttributeNames = {
  dag: 'TidegateDag',
  assets: 'TidegateAssets',
  state: 'TidegateState',
  trigger: 'TidegateTrigger',
  partition: 'TidegatePartition',
} as const;

export type SearchAttributeName = (typeof searchAttributeNames)[keyof typeof searchAttributeNames];
