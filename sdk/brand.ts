type Brand =
  | 'asset'
  | 'alias'
  | 'assetRef'
  | 'selector'
  | 'assetOrTime'
  | 'assetAndTime'
  | 'dag'
  | 'cron'
  | 'config'
  | 'secret'
  | 'zip'
  | 'resource'
  | 'ioManager';

/** Shared by every copy of the sdk in a process, unlike a class: an author's project may load one of its own. */
export const brand = Symbol.for('tidegate.brand');

/** Whether an author's value was made by the sdk function of that name. */
export function isBranded(value: unknown, as: Brand): boolean {
  return typeof value === 'object' && value !== null && brand in value && value[brand] === as;
}
