import type { Deps } from '../temporal/deps.ts';

/** What the API works with. */
export interface ApiDeps extends Deps {
  /** Base address of Temporal's Web UI, for links. */
  readonly temporalUiUrl: string | undefined;
  /** Of Tidegate. */
  readonly version: string;
}
