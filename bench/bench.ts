import type { Measurement } from './measurement.ts';
import type { Stand, StandOptions } from './stand.ts';

/** How much of it is measured. */
export interface Amount {
  readonly rounds: number;
  readonly isQuick: boolean;
}

/** One question about speed, with a stand of its own to answer it on. */
export interface Bench {
  readonly name: string;
  /** Entries in place of the API's and the worker's own. */
  readonly entries?: NonNullable<StandOptions['entries']>;
  /** @param say - shows what it is at */
  run(stand: Stand, amount: Amount, say: (text: string) => void): Promise<readonly Measurement[]>;
}
