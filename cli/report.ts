/** A value in a report; how it reads depends on who reads it. */
export type Cell = string | number | boolean | null | Instant | Duration | Toned;

export interface Instant {
  readonly kind: 'instant';
  /** ISO 8601. */
  readonly at: string;
}

export interface Duration {
  readonly kind: 'duration';
  readonly seconds: number;
}

/** Text that is coloured where there are colours. */
export interface Toned {
  readonly kind: 'toned';
  readonly text: string;
  readonly tone: Tone;
}
export type Tone = 'good' | 'bad' | 'busy' | 'dim' | 'strong';

export interface Column {
  readonly header: string;
  /** Free text, which is cut where the terminal ends; ids are never cut, so that they can be copied. */
  readonly cut?: true;
}

export type Section =
  | { readonly kind: 'facts'; readonly facts: readonly (readonly [string, Cell])[] }
  | {
      readonly kind: 'table';
      readonly title?: string;
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly Cell[])[];
      /** Said to people when there are no rows. */
      readonly empty: string;
    }
  | { readonly kind: 'lines'; readonly title?: string; readonly lines: readonly (readonly Cell[])[] };

/** What a command has to say, before it is known in which form. */
export interface Report {
  /** For scripts: the API's own answer; null where all was written as it came. */
  readonly json: object | null;
  readonly sections: readonly Section[];
  /** Said on standard error, beside the report. */
  readonly note?: string | undefined;
  /** Why the command fails although it has something to report. */
  readonly failure?: string | undefined;
}

export function instant(at: string | null): Cell {
  return at === null ? null : { kind: 'instant', at };
}

export function duration(seconds: number | null): Cell {
  return seconds === null ? null : { kind: 'duration', seconds };
}

export function toned(tone: Tone, text: string): Toned {
  return { kind: 'toned', text, tone };
}

const toneOfState: Readonly<Record<string, Tone>> = {
  success: 'good',
  healthy: 'good',
  failed: 'bad',
  upstream_failed: 'bad',
  unhealthy: 'bad',
  running: 'busy',
  up_for_retry: 'busy',
  queued: 'dim',
  skipped: 'dim',
};

/** A state in the API's word for it. */
export function state(word: string | null): Cell {
  return word === null ? null : toned(toneOfState[word] ?? 'strong', word);
}

/** Says that a page is not all there is. */
export function pageNote(shown: number, total: number): string | undefined {
  return shown < total ? `${shown} of ${total} shown: --limit and --offset show others` : undefined;
}
