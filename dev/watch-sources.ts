import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { glob } from 'tinyglobby';

/** Source files of a project, each with a text that differs when the file was written. */
export type Sources = ReadonlyMap<string, string>;

export interface WatchOptions {
  readonly folder: string;
  /** The files as they were when they were loaded: what was written since is a change. */
  readonly loaded: Sources;
  /** Hears of the files that were written, added or removed; the next change is looked for when it is done. */
  readonly onChange: (files: readonly string[]) => Promise<void>;
  /** @defaultValue 500 ms */
  readonly everyMs?: number;
}

/**
 * Looks at the source files of a project twice a second, until it is stopped. Looking needs no support of the file system, and
 * leaves `node_modules` alone, which a recursive watch would walk.
 */
export function watchSources({ folder, loaded, onChange, everyMs = 500 }: WatchOptions): () => void {
  const stopping = new AbortController();
  const pause = (): Promise<unknown> =>
    sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);

  const watch = async (): Promise<void> => {
    let known = loaded;
    while (!stopping.signal.aborted) {
      await pause();
      let now = await sourcesIn(folder);
      if (differencesOf(known, now).length === 0) continue;
      // Editors and git write several files: wait until two looks agree.
      for (let before: Sources = new Map(); differencesOf(before, now).length > 0;) {
        before = now;
        await pause();
        now = await sourcesIn(folder);
      }
      const files = differencesOf(known, now);
      known = now;
      if (files.length > 0 && !stopping.signal.aborted) await onChange(files);
    }
  };
  void watch();
  return () => stopping.abort();
}

/** The source files of a project as they are now. */
export async function sourcesIn(folder: string): Promise<Sources> {
  const files = await glob(['**/*.{ts,mts,cts,js,mjs,cjs}'], {
    cwd: folder,
    ignore: ['**/node_modules/**'],
    expandDirectories: false,
    followSymbolicLinks: false,
  });
  const marks = await Promise.all(
    files.map(async (file) => {
      const { mtimeMs, size } = await stat(join(folder, file)).catch(() => ({ mtimeMs: 0, size: -1 }));
      return [file, `${mtimeMs} ${size}`] as const;
    }),
  );
  return new Map(marks.filter(([, mark]) => !mark.endsWith(' -1')));
}

function differencesOf(before: Sources, after: Sources): readonly string[] {
  const files = new Set([...before.keys(), ...after.keys()]);
  return [...files].filter((file) => before.get(file) !== after.get(file)).toSorted();
}
