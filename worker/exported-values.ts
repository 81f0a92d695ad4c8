/** What a file exports, with the members of exported lists and plain objects: DAGs are often made in a loop. */
export function exportedValues(exports: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.values(exports).flatMap((value) => [value, ...membersOf(value)]);
}

/** One level deep: what lies deeper is an author's data. */
function membersOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isPlainObject(value)) return [];
  // Not by their names: a getter is an author's code, which runs when the author wants.
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((property): unknown => property.value);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
