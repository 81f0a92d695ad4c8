const secondMs = 1_000;
const units = [
  ['d', 86_400 * secondMs],
  ['h', 3_600 * secondMs],
  ['m', 60 * secondMs],
  ['s', secondMs],
] as const;

/** An instant for people: in UTC to the second, and how far it is from now. */
export function instantText(iso: string, now: number): string {
  return `${iso.slice(0, 19).replace('T', ' ')}Z (${distanceText(Date.parse(iso), now)})`;
}

/** How long ago, or ahead, in its largest unit. */
export function distanceText(at: number, now: number): string {
  const ms = Math.abs(now - at);
  const [unit, unitMs] = units.find(([, size]) => ms >= size) ?? [];
  if (unit === undefined || unitMs === undefined) return 'now';
  const amount = `${Math.floor(ms / unitMs)}${unit}`;
  return at <= now ? `${amount} ago` : `in ${amount}`;
}

/** A duration in as many digits as people read. */
export function durationText(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)}ms`;
  if (seconds < 60) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60), whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours === 0 ? `${minutes}m${two(rest)}s` : `${hours}h${two(minutes)}m`;
}
