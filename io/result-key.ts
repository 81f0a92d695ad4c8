import type { ResultPlace } from '../sdk/io.ts';

/** Where one try saves, below whatever an IO manager keeps: no other try ever writes there. Its parts are safe in paths. */
export function resultKey(place: ResultPlace & { readonly try: number }): string {
  const { dagId, runId, attempt, taskId } = place;
  return [dagId, runId, String(attempt), taskId, String(place.try)].map(safe).join('/');
}

/** Neither a separator, nor a part that means another folder. */
function safe(part: string): string {
  return encodeURIComponent(part).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
}
