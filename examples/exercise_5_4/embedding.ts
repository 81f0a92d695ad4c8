/** A text as numbers: texts that say similar things point in similar directions. Its length is 1, or 0 without any word. */
export type Vector = readonly number[];

/** Few enough to read, many enough that the terms of a small corpus seldom meet. */
export const dimensions = 256;

/** Words that say nothing about what a text is about. */
const stopWords = new Set(
  'a an and are as at be by can do for from have how i in is it its my of on or our that the there they this to was we what where which who why will with you your'.split(
    ' ',
  ),
);

/** The words of a text by their stems, so that `invoice` and `invoices` are one. */
export function stemsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  return words
    .filter((word) => !stopWords.has(word))
    .map((word) => word.replace(/(?:ing|ed|s)$/, '').replace(/e$/, ''));
}

/** Beside its stems the beginnings of long ones, so that `connection` is near `connected`. */
function termsOf(text: string): readonly string[] {
  return stemsOf(text).flatMap((stem) => (stem.length < 6 ? [stem] : [stem, `${stem.slice(0, 5)}…`]));
}

/** Feature hashing: each term adds to one dimension, up or down; the more often it comes, the less each time counts. */
export function embed(text: string): Vector {
  const counts = new Map<string, number>();
  for (const term of termsOf(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const [term, count] of counts) {
    const hash = hashOf(term);
    const place = hash % dimensions;
    const sign = (hash >>> 16) % 2 === 0 ? 1 : -1;
    vector[place] = (vector[place] ?? 0) + sign * (1 + Math.log(count));
  }
  return normalised(vector);
}

/** How near two texts are: 1 for the same direction, 0 for nothing in common. */
export function similarity(a: Vector, b: Vector): number {
  return a.reduce((sum, value, place) => sum + value * (b[place] ?? 0), 0);
}

/** Counts dimensions that few texts have for more than those that many have. */
export function weighted(vector: Vector, weights: readonly number[]): Vector {
  return normalised(vector.map((value, place) => value * (weights[place] ?? 1)));
}

/** What a dimension tells: the rarer among the texts, the more. */
export function weightsOf(vectors: readonly Vector[]): readonly number[] {
  return Array.from({ length: dimensions }, (_, place) => {
    const having = vectors.filter((vector) => vector[place] !== 0).length;
    return Math.log((1 + vectors.length) / (1 + having)) + 1;
  });
}

function normalised(vector: Vector): Vector {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return hash;
}
