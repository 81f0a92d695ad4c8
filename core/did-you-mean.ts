/** A closing hint for an unknown name: the known one nearest in spelling, or else all of them while they are few. */
export function didYouMean(unknown: string, known: readonly string[]): string {
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(unknown.toLowerCase(), name.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  if (nearest !== undefined && nearest.distance <= Math.max(1, Math.floor(unknown.length / 3))) {
    return `did you mean '${nearest.name}'?`;
  }
  if (known.length === 0) return 'there are none';
  if (known.length > 10) return `there are ${known.length} others`;
  return `known are ${known.map((name) => `'${name}'`).join(', ')}`;
}

/** How many letters must be put in, taken out or replaced to make one word of the other. */
export function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(from).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(to).entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
