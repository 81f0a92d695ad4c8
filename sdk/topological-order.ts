/** Items in an order in which each comes after those it needs, or a cycle where there is none. */
export type Ordering<Item> =
  | { readonly kind: 'ordered'; readonly items: readonly Item[] }
  | { readonly kind: 'cycle'; readonly items: readonly Item[] };

/** Orders items; as close to the given order as their needs allow, so that the same input gives the same output. */
export function topologicalOrder<Item>(
  items: readonly Item[],
  needsOf: (item: Item) => readonly Item[],
): Ordering<Item> {
  const ordered = new Set<Item>();
  const path: Item[] = [];

  // An explicit stack of what is still to be visited: a chain of a thousand tasks must not exhaust the call stack.
  for (const start of items) {
    const open = [{ item: start, needs: [...needsOf(start)] }];
    if (!ordered.has(start)) path.push(start);
    else open.pop();
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const need = top.needs.shift();
      if (need === undefined) {
        ordered.add(top.item);
        open.pop();
        path.pop();
      } else if (path.includes(need)) {
        return { kind: 'cycle', items: path.slice(path.indexOf(need)) };
      } else if (!ordered.has(need)) {
        open.push({ item: need, needs: [...needsOf(need)] });
        path.push(need);
      }
    }
  }
  return { kind: 'ordered', items: [...ordered] };
}
