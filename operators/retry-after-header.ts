/** Longest pause that a server may ask for. */
const longestMs = 86_400_000;

/**
 * The pause that a `Retry-After` header asks for, in milliseconds: seconds, or a date. Nothing where it asks for none.
 * @param now - epoch milliseconds
 */
export function pauseIn(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return ms > 0 ? Math.min(ms, longestMs) : undefined;
}
