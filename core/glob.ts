/**
 * Whether a text is like a pattern, as a whole: `*` stands for any characters, none included, `?` for one, everything else for itself.
 * Takes as many steps as text times pattern at most, whatever they are.
 */
export function isLike(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  /** Where to go on when what follows the last `*` does not fit: it takes one more character. */
  let star: { readonly at: number; readonly next: number } | undefined;
  while (at < text.length) {
    const wanted = pattern[next];
    if (wanted === '*') {
      star = { at, next };
      next += 1;
    } else if (wanted === '?' || wanted === text[at]) {
      at += 1;
      next += 1;
    } else if (star === undefined) {
      return false;
    } else {
      star = { at: star.at + 1, next: star.next };
      at = star.at;
      next = star.next + 1;
    }
  }
  return /^\**$/.test(pattern.slice(next));
}
